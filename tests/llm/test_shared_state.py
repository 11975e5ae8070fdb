"""State that processes share: exact where it can be, harmless where it cannot."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from plain_client import with_package

from gitagent.llm import shared_state
from gitagent.llm.shared_state import LONGEST_LOCKED_S, Cell, Claim, place
from gitagent.processes import this_process

COUNT = """
import sys
from pathlib import Path
from gitagent.llm.shared_state import Cell
cell = Cell(Path(sys.argv[1]))
for _ in range(int(sys.argv[2])):
    with cell.held() as state:
        state["n"] = state.get("n", 0) + 1
"""
HOLD = """
import sys, time
from pathlib import Path
from gitagent.llm.shared_state import Cell, Claim
path = Path(sys.argv[1])
if path.suffix == ".claim":
    assert Claim(path).take()
    print("held", flush=True)
    time.sleep(60)
with Cell(path).held() as state:
    state["n"] = 5
    print("held", flush=True)
    time.sleep(60)
"""
FULL = """
import resource, sys
from pathlib import Path
from gitagent.llm.shared_state import Cell
cell = Cell(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file takes a byte
for _ in range(3):
    with cell.held() as state:
        state["n"] = state.get("n", 0) + 1
print(cell.seen()["n"])
"""


def started(script: str, *args: object) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", script, *map(str, args)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=with_package())


@contextmanager
def holding(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has what is at the path."""
    with started(HOLD, path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def add(cell: Cell, times: int = 1) -> None:
    for _ in range(times):
        with cell.held() as state:
            state["n"] = state.get("n", 0) + 1


def test_no_update_is_lost(tmp_path: Path) -> None:
    """Four processes and four threads that count at once come to the sum."""
    path = tmp_path / "new" / "x.cell"
    processes = [started(COUNT, path, 200) for _ in range(4)]
    threads = [threading.Thread(target=add, args=(Cell(path), 200)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(30) for process in processes] == [0] * 4
    assert Cell(path).seen() == {"n": 1600}


def test_only_the_user_can_look(tmp_path: Path) -> None:
    """Folder and file are private, and no name gives a key away."""
    path = place(tmp_path / "new", "https://example.invalid FAKEKEY-1", "cell")
    add(Cell(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "FAKEKEY" not in path.name
    assert path != place(tmp_path / "new", "https://example.invalid FAKEKEY-2", "cell")


def written(boot: str, state: object) -> bytes:
    return json.dumps([boot, state]).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        b"\xff\xfe",
        b"{}",
        b"[1]",
        b"[1, 2, 3]",
        b"null",
        b"[" * 9000,
        written("another boot", {"n": 7}),
        written(this_process().machine, [1]),
        written(this_process().machine, {"n": "7"}),
        written(this_process().machine, {"n": None}),
        written(this_process().machine, {"n": 7})[:-2],
        written(this_process().machine, {"n": 10**400}),
        written(this_process().machine, {"n": 7, "text": "x" * 20000}),
    ],
    ids=lambda data: repr(data[:20]),
)
def test_what_cannot_be_read_is_empty(tmp_path: Path, data: bytes) -> None:
    """Garbage, another boot's state or somebody else's file is as if it were not there."""
    path = tmp_path / "x.cell"
    path.write_bytes(data)
    assert Cell(path).seen() == {}
    add(Cell(path))
    assert Cell(path).seen() == {"n": 1}


def test_numbers_that_are_none_are_left_out(tmp_path: Path) -> None:
    """Nobody reckons with NaN or with no end."""
    path = tmp_path / "x.cell"
    path.write_bytes(
        written(this_process().machine, {"a": float("nan"), "b": float("inf"), "c": 1})
    )
    assert Cell(path).seen() == {"c": 1}


def test_a_shorter_state_replaces_a_longer_one(tmp_path: Path) -> None:
    """What stood there before is gone."""
    cell = Cell(tmp_path / "x.cell")
    with cell.held() as state:
        state |= {f"number {n}": n for n in range(50)}
    with cell.held() as state:
        state.clear()
        state["n"] = 1
    assert cell.seen() == {"n": 1}


def test_a_block_that_fails_changes_nothing(tmp_path: Path) -> None:
    """The state is what it was, and nobody is locked out."""
    cell = Cell(tmp_path / "x.cell")
    add(cell)

    def fail() -> None:
        with cell.held() as state:
            state["n"] = 9
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert cell.seen() == {"n": 1}
    add(cell)
    assert cell.seen() == {"n": 2}


def test_a_cleaned_cache_is_made_anew(tmp_path: Path) -> None:
    """Somebody may remove the folder at any time."""
    cell = Cell(tmp_path / "new" / "x.cell")
    add(cell)
    (tmp_path / "new" / "x.cell").unlink()
    (tmp_path / "new").rmdir()
    assert cell.seen() == {}
    add(cell)
    assert cell.seen() == {"n": 1}


def test_no_link_is_followed(tmp_path: Path) -> None:
    """A link in place of the file leads nowhere; what it points to stays."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "x.cell").symlink_to(victim)
    cell = Cell(tmp_path / "x.cell")
    add(cell, 2)
    assert cell.seen() == {"n": 2}
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize("kind", ["folder", "pipe", "file for a folder"])
def test_where_no_file_can_be_the_process_knows_its_own(tmp_path: Path, kind: str) -> None:
    """Nothing raises and nothing blocks; the state lives as long as the process."""
    path = tmp_path / "x.cell"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(b"")
        path = path / "x.cell"
    cell = Cell(path)
    add(cell, 3)
    assert cell.seen() == {"n": 3}
    first, second = Claim(path), Claim(path)
    held = first.take()
    assert held is not None
    if kind != "pipe":  # that can be locked
        assert first.take() is None
        assert second.take() is not None
    held.release()
    held.release()
    assert first.take() is not None


def test_a_full_disk_is_no_error(tmp_path: Path) -> None:
    """What the disk does not take, the process keeps."""
    process = started(FULL, tmp_path / "x.cell")
    assert process.communicate(timeout=30)[0] == "3\n"
    assert process.returncode == 0


def test_whoever_is_killed_leaves_the_state_whole(tmp_path: Path) -> None:
    """A process that dies with the file in hand has changed nothing, and locks nobody out."""
    path = tmp_path / "x.cell"
    add(Cell(path))
    with holding(path) as process:
        process.kill()
        process.wait()
        began = time.monotonic()
        add(Cell(path))
        assert time.monotonic() - began < LONGEST_LOCKED_S
    assert Cell(path).seen() == {"n": 2}


def test_whoever_is_stopped_keeps_nobody_waiting(tmp_path: Path) -> None:
    """A process that was suspended with the file in hand is not waited for."""
    path = tmp_path / "x.cell"
    with holding(path) as process:
        process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        add(Cell(path))
        assert time.monotonic() - began < 3 * LONGEST_LOCKED_S


def test_a_claim_is_one_holder_s(tmp_path: Path) -> None:
    """Neither another thread nor another process has it at the same time."""
    path = tmp_path / "new" / "x.claim"
    with holding(path) as process:
        assert Claim(path).take() is None
        process.kill()
        process.wait()
        held = Claim(path).take()
    assert held is not None
    assert Claim(path).take() is None
    held.release()
    assert Claim(path).take() is not None


def test_a_forked_child_does_not_keep_a_claim(tmp_path: Path) -> None:
    """What was let go of is free, whoever else inherited the file."""
    claim = Claim(tmp_path / "x.claim")
    held = claim.take()
    assert held is not None
    end, other = os.pipe()
    child = os.fork()
    if not child:
        os.close(other)
        os.read(end, 1)
        os._exit(0)
    held.release()
    assert claim.take() is not None
    os.close(other)
    os.close(end)
    assert os.waitpid(child, 0)[1] == 0


def test_time_goes_on_alike_in_every_process() -> None:
    """It is not the wall clock, and no process has one of its own."""
    script = "from gitagent.llm.shared_state import now; print(now())"
    before = shared_state.now()
    said = float(started(script).communicate()[0])
    assert before < said < shared_state.now()
