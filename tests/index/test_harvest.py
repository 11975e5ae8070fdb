"""Facts of many blobs are the same with and without further processes, whatever dies."""

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
from gitagent.index import harvest as module
from gitagent.index.facts import facts_of
from gitagent.index.harvest import Wanted, harvest
from gitagent.index.languages import language_of


def blobs(count: int, lines: int = 40) -> dict[str, bytes]:
    return {
        f"{n:040x}": b"".join(b"def f%d_%d(): return g(%d)\n" % (n, k, k) for k in range(lines))
        for n in range(count)
    }


def wanted(contents: dict[str, bytes]) -> list[Wanted]:
    return [Wanted(blob, "python", len(data)) for blob, data in contents.items()]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_the_number_of_processes_changes_nothing(workers: int) -> None:
    """Each blob once, with the facts that it has by itself."""
    contents = blobs(500)
    made = list(harvest(wanted(contents), contents.__getitem__, workers))
    assert len(made) == len(contents)
    assert {each.blob: facts for each, facts in made} == {
        blob: facts_of("python", data) for blob, data in contents.items()
    }


def test_a_repository_is_read_whole(repo: Callable[..., Path]) -> None:
    """Blobs come out of git's object database."""
    real = GitRepo.open(repo({f"src/m{n}.py": f"def f{n}(): return g()\n" for n in range(9)}))
    files = real.files(real.tree_of(real.resolve("HEAD")))
    asked = [Wanted(file.blob, language_of(file.path), file.size) for file in files]
    made = dict(harvest(asked, real.read, 2))
    assert any(facts.defs for facts in made.values())
    assert set(made) == set(asked)


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
        if len(victims) < 2 and (running := children()):
            victims.append(running[0])
            os.kill(running[0], signal.SIGKILL)
        return contents[blob]

    monkeypatch.setattr(module, "BATCH_BLOBS", 20)
    made = dict(harvest(wanted(contents), read, 2))
    assert len(victims) == 2
    assert {facts.unparsed for facts in made.values()} == {False}
    assert {each.blob for each in made} == set(contents)


def test_a_blob_that_never_ends_is_read_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The grammar of Java can be kept busy within one step; the rest has its facts all the same."""
    monkeypatch.setattr(module, "PATIENCE_S", 2.0)
    hostile = b"a<b<c<d<" * 60_000 + b"\n" * 2_000
    contents = {"a": hostile, "b": b"class B {}\n"}
    asked = [Wanted(blob, "java", len(data)) for blob, data in contents.items()]
    made = {each.blob: facts for each, facts in harvest(asked, contents.__getitem__, 1)}
    assert made["a"].unparsed
    assert [symbol.name for symbol in made["b"].defs] == ["B"]


def test_a_worker_that_cannot_run_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken installation is not taken for thousands of broken files."""
    monkeypatch.setattr(module, "_environment", lambda: {"PYTHONPATH": "/nowhere"})
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
