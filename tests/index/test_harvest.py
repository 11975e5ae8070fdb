"""Documents of many blobs are the same with and without further processes, whatever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gitagent.errors import Internal
from gitagent.git.repository import GitRepo
from gitagent.index import facts, worker
from gitagent.index import harvest as module
from gitagent.index.document import Document, document
from gitagent.index.harvest import LARGEST_HERE, Wanted, harvest
from gitagent.index.languages import language_of


def blobs(count: int, lines: int = 40) -> dict[str, bytes]:
    return {
        f"{n:040x}": b"".join(b"def f%d_%d(): return g(%d)\n" % (n, k, k) for k in range(lines))
        for n in range(count)
    }


def known(made: Document) -> facts.Facts:
    return facts.decode(made.facts)


def wanted(contents: dict[str, bytes]) -> list[Wanted]:
    return [Wanted(blob, "python", len(data)) for blob, data in contents.items()]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_the_number_of_processes_changes_nothing(workers: int) -> None:
    """Each blob once, with the document that it has by itself."""
    contents = blobs(500)
    made = list(harvest(wanted(contents), contents.__getitem__, workers))
    assert sorted(made, key=lambda each: each.object) == [
        document(blob, "python", data) for blob, data in contents.items()
    ]


def test_what_is_typed_at_the_terminal_reaches_no_worker() -> None:
    """Ctrl-C is for the command alone: else each process of its own says what it was doing."""
    process = module._start()
    try:
        assert os.getsid(process.pid) == process.pid != os.getsid(0)
    finally:
        process.communicate()


@pytest.mark.parametrize("workers", [0, 1])
def test_one_blob_in_two_languages_is_two_documents(workers: int) -> None:
    """What a blob says depends on what its path takes it for."""
    asked = [Wanted("ab", language, 9) for language in ("python", "text")]
    made = list(harvest(asked, lambda _: b"def f(): ...\n", workers))
    assert {each.language: known(each).defs != () for each in made} == {
        "python": True,
        "text": False,
    }


def test_what_is_left_out_comes_with_its_reason() -> None:
    """Over the pipe too, with any bytes in between."""
    contents = {"a": bytes(range(256)) * 4, "b": b"x = 1\n", "c": "größe\n".encode("utf-16")}
    made = {each.object: each for each in harvest(wanted(contents), contents.__getitem__, 1)}
    assert {blob: each.skipped for blob, each in made.items()} == {"a": "binary", "b": "", "c": ""}
    assert made["c"].fields["text"] == {"größe": 1}


def test_a_large_file_is_read_by_a_process_that_can_be_ended() -> None:
    """Few files are read here, unless one of them could keep a parser busy for good."""
    running: list[list[int]] = []

    def read(size: int) -> None:
        def data(_: str) -> bytes:
            return b"x = 1\n" * (size // 6)

        made = harvest([Wanted("ab", "python", size)], data)
        next(made)
        running.append(children())
        made.close()

    read(LARGEST_HERE)
    read(LARGEST_HERE + 1)
    assert [len(found) for found in running] == [0, 1]


def test_a_frame_that_is_cut_off_is_none(tmp_path: Path) -> None:
    """The other side may die at any byte."""
    file = tmp_path / "frames"
    with file.open("wb") as pipe:
        worker.send(pipe, b"whole")
        worker.send(pipe, b"half of it")
    data = file.read_bytes()
    for length in range(9, len(data)):
        file.write_bytes(data[:length])
        with file.open("rb") as pipe:
            assert (worker.received(pipe), worker.received(pipe)) == (b"whole", None)


def test_a_repository_is_read_whole(repo: Callable[..., Path]) -> None:
    """Blobs come out of git's object database."""
    real = GitRepo.open(repo({f"src/m{n}.py": f"def f{n}(): return g()\n" for n in range(9)}))
    files = real.files(real.tree_of(real.resolve("HEAD")))
    asked = [Wanted(file.blob, language_of(file.path), file.size) for file in files]
    made = list(harvest(asked, real.read, 2))
    assert all(known(each).defs for each in made)
    assert {(each.object, each.language) for each in made} == {
        (each.blob, each.language) for each in asked
    }


def test_what_reading_raises_comes_through() -> None:
    """A blob that is missing is an error of the one who asked, and no thread stays."""
    contents = blobs(300)
    asked = [*wanted(contents), Wanted("f" * 40, "python", 9)]
    with pytest.raises(KeyError):
        list(harvest(asked, contents.__getitem__, 2))


def test_stopping_early_leaves_no_process() -> None:
    """Who has seen enough closes the iterator; the workers end."""
    contents = blobs(2000)
    making = harvest(wanted(contents), contents.__getitem__, 2)
    next(making)
    making.close()
    assert children() == []


def test_a_worker_that_dies_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in the middle, its batch is done again by another."""
    contents = blobs(1500)
    victims: list[int] = []

    def read(blob: str) -> bytes:
        if not victims and (running := children()):
            victims.append(running[0])
            os.kill(running[0], signal.SIGKILL)
        return contents[blob]

    monkeypatch.setattr(module, "BATCH_BLOBS", 20)
    made = list(harvest(wanted(contents), read, 2))
    assert len(victims) == 1
    assert {known(each).unparsed for each in made} == {False}
    assert sorted(each.object for each in made) == sorted(contents)


def test_a_blob_that_never_ends_is_read_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The grammar of Java can be kept busy within one step; the rest has its facts all the same."""
    monkeypatch.setattr(module, "PATIENCE_S", 2.0)
    hostile = b"a<b<c<d<" * 60_000 + b"\n" * 2_000
    contents = {"a": hostile, "b": b"class B {}\n"}
    asked = [Wanted(blob, "java", len(data)) for blob, data in contents.items()]
    made = {each.object: each for each in harvest(asked, contents.__getitem__, 1)}
    assert known(made["a"]).unparsed
    assert made["a"].fields == document("a", "java", hostile, parsed=False).fields
    assert [symbol.name for symbol in known(made["b"]).defs] == ["B"]


def test_a_worker_that_cannot_run_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken installation is not taken for thousands of broken files."""
    monkeypatch.setattr(module, "environment", lambda: {"PYTHONHOME": "/nowhere"})
    contents = blobs(300)
    with pytest.raises(Internal):
        list(harvest(wanted(contents), contents.__getitem__, 2))


def test_workers_end_with_the_one_that_asked() -> None:
    """Killed without a chance to say so, it leaves nothing running."""
    code = (
        "from gitagent.index.harvest import _start; import time;"
        "print(_start().pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as asking:
        assert asking.stdout
        worker = int(asking.stdout.readline())
        asking.kill()
    until = time.monotonic() + 10
    while alive(worker) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(worker)


def test_a_worker_sees_no_key_and_no_folder_of_the_users(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It parses what strangers wrote; a module of theirs is not imported either."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    (tmp_path / "msgspec.py").write_text("raise SystemExit('the repository acts')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    process = module._start()
    try:
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        assert b"sk-planted" not in environment
        assert Path(f"/proc/{process.pid}/cwd").readlink() == Path("/")
    finally:
        process.communicate()
    contents = blobs(3)
    assert len(list(harvest(wanted(contents), contents.__getitem__, 1))) == 3


def children() -> list[int]:
    """Workers of this process that run, by what the kernel says."""
    return sorted(pid for pid in _forked() if alive(pid) and b"gitagent.index.worker" in said(pid))


def _forked() -> Iterator[int]:
    for task in Path("/proc/self/task").iterdir():
        # threads end while they are counted
        with suppress(OSError):
            yield from map(int, (task / "children").read_text().split())


def said(pid: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False
