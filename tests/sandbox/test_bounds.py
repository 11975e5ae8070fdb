"""What a command may use, what ends it, and that nothing of it is left."""

from __future__ import annotations

import os
import resource
import secrets
import shutil
import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from boxing import Box

from gitagent.sandbox import bubblewrap
from gitagent.sandbox.bubblewrap import BwrapSandbox
from gitagent.sandbox.probe import Bubblewrap
from gitagent.sandbox.usage import Usage

MEGABYTE = 1_000_000


def named(mark: str) -> list[int]:
    """The living processes of this machine on whose command line a word stands."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line, status = (folder / "cmdline").read_bytes(), (folder / "status").read_text()
        except OSError:
            continue
        if mark.encode() in line and "\nState:\tZ" not in status:
            found.append(int(folder.name))
    return found


def wait_for(mark: str) -> None:
    for _ in range(1000):
        if named(mark):
            return
        time.sleep(0.01)
    raise AssertionError(f"no process with {mark} came")


def is_gone(mark: str) -> bool:
    for _ in range(300):
        if not named(mark):
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def mark() -> str:
    """A word that no other process has on its command line."""
    return f"mark-{secrets.token_hex(8)}"


def test_a_command_that_hangs_and_ignores_is_ended(box: Box, mark: str) -> None:
    """TERM, INT and HUP are ignored by it and its child; its output so far is kept."""
    program = f"""
        import os, signal, sys, time
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.fork()
        print("here", flush=True)
        time.sleep(60)  # {mark}
    """
    done = box.python_runs(program, timeout=1.0)
    assert (done.timed_out, done.exit_code, done.ended) == (True, None, "")
    assert done.output == "here\nhere\n"
    assert done.seconds < 6
    assert named(mark) == []


def test_a_command_may_be_over_before_anybody_looks(
    tool: Bubblewrap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine a short one is gone by then; it has ended as it has."""

    def late(*args: Any) -> Usage:
        time.sleep(0.5)
        return Usage(*args)

    monkeypatch.setattr(bubblewrap, "Usage", late)
    tree = tmp_path / "tree"
    tree.mkdir()
    done = BwrapSandbox(tool, tmp_path / "scratch").run(["sh", "-c", "exit 3"], tree, timeout=20)
    assert (done.exit_code, done.timed_out, done.ended) == (3, False, "")


def test_whoever_has_many_files_open_can_run_a_command(tool: Bubblewrap, tmp_path: Path) -> None:
    """More than 1,024, which is as many as select() knows."""
    tree = tmp_path / "tree"
    tree.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * 1100:
        pytest.skip(f"a process may open {hard} files here")
    with ExitStack() as opened:
        if soft != resource.RLIM_INFINITY and soft < 2 * 1100:
            resource.setrlimit(resource.RLIMIT_NOFILE, (2 * 1100, hard))
            opened.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1100):
            opened.enter_context(open(os.devnull, "rb"))  # noqa: PTH123
        done = BwrapSandbox(tool, tmp_path / "scratch").run(
            ["sh", "-c", "exit 3"], tree, timeout=20
        )
    assert done.exit_code == 3


def test_a_command_may_say_goodbye(box: Box) -> None:
    """At the end of its time it is asked before it is ended."""
    program = """
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("bye")))
        time.sleep(60)
    """
    done = box.python_runs(program, timeout=1.0, grace=5.0)
    assert (done.timed_out, done.output) == (True, "bye\n")
    assert done.seconds < 5


def test_a_daemon_does_not_survive(box: Box, mark: str) -> None:
    """What left session, group, parent and environment is gone when the command has ended."""
    program = f"""
        import os, sys
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in range(3):
                    os.close(number)
                os.execve("/bin/sleep", ["sleep", "60", "{mark}"][:2], {{"A": "{mark}"}})
            os._exit(0)
        print("begun")
    """
    done = box.python_runs(program)
    assert (done.exit_code, done.output) == (0, "begun\n")
    assert done.seconds < 10
    assert named(mark) == []


def test_a_flood_of_output_is_bounded(box: Box) -> None:
    """Head and tail are kept, and the time limit ends it."""
    done = box.run(["sh", "-c", "echo first; yes"], timeout=1.0, limits={"output": 100_000})
    assert done.timed_out
    assert done.output.startswith("first\n")
    assert len(done.output) < 101_000
    assert "bytes of output left out" in done.output


def test_memory_is_of_all_together(box: Box) -> None:
    """Several processes, none of which uses too much by itself; the limit is named."""
    program = """
        import os, time
        for _ in range(3):
            if os.fork() == 0:
                break
        data = bytearray(os.urandom(1000) * 60_000)
        time.sleep(30)
    """
    done = box.python_runs(program, limits={"memory": 150 * MEGABYTE})
    assert (done.exit_code, done.timed_out) == (None, False)
    assert done.ended == "it used more than 150 MB of memory"
    assert "[ended: it used more than 150 MB of memory]" in done.output
    assert done.seconds < 15


def test_memory_that_is_shared_is_counted_once(box: Box) -> None:
    """Four processes that read one and the same 60 MB use 60 MB, not 240."""
    program = """
        import mmap, os, time
        data = mmap.mmap(-1, 60_000_000)
        data.write(b"x" * 60_000_000)
        children = [None] * 3
        for number in range(3):
            if os.fork() == 0:
                children = []
                break
        view = memoryview(data)
        sum(view[i] for i in range(0, len(view), 4096))
        time.sleep(1)
        for _ in children:
            os.wait()
        print("done", flush=True)
    """
    done = box.python_runs(program, limits={"memory": 180 * MEGABYTE})
    assert (done.exit_code, done.ended) == (0, "")
    assert done.output == "done\n" * 4


def test_files_in_memory_are_memory(box: Box) -> None:
    """Shared memory has no size of its own: what lies there counts."""
    program = """
        import time
        with open("/dev/shm/big", "wb") as file:
            for _ in range(400):
                file.write(bytes(1_000_000))
        time.sleep(30)
    """
    done = box.python_runs(program, limits={"memory": 150 * MEGABYTE})
    assert done.ended == "it used more than 150 MB of memory"


def test_a_fork_bomb_is_ended(box: Box, mark: str) -> None:
    """With the limit's name, in a time that a machine lives through, and to the last process."""
    program = f"""
        import os, time
        end = time.monotonic() + 30  # {mark}
        while time.monotonic() < end:
            try:
                os.fork()
            except OSError:
                time.sleep(0.01)
    """
    done = box.python_runs(program, limits={"tasks": 200}, timeout=60.0)
    assert done.ended == "it had more than 200 processes and threads"
    assert done.seconds < 25
    assert named(mark) == []


def test_threads_are_counted_too(box: Box) -> None:
    """A process of a thousand threads is no way around."""
    program = """
        import threading, time
        for _ in range(150):
            threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
        time.sleep(20)
    """
    done = box.python_runs(program, limits={"tasks": 100})
    assert done.ended == "it had more than 100 processes and threads"


def test_one_file_may_be_so_large(box: Box) -> None:
    """The kernel ends who writes on, and it is said why."""
    done = box.run(["sh", "-c", "cat /dev/zero > big"], limits={"file_size": 5 * MEGABYTE})
    assert done.ended == "it wrote a file of more than 5 MB"
    assert done.exit_code not in (0, None) or done.exit_code is None


@pytest.mark.parametrize("overlay", ["disk", "memory"])
def test_the_disk_is_not_filled(box: Box, overlay: str, lays: None) -> None:
    """Many files, each of which is small enough; where they are in memory, that is the limit."""
    program = """
        import time
        for number in range(400):
            with open(f"file{number}", "wb") as file:
                file.write(bytes(1_000_000))
        time.sleep(30)
    """
    limits = {"written": 100 * MEGABYTE} if overlay == "disk" else {"memory": 100 * MEGABYTE}
    free = shutil.disk_usage(box.base).free
    done = box.python_runs(program, overlay=overlay, limits=limits)
    said = "it wrote more than 100 MB" if overlay == "disk" else "more than 100 MB of memory"
    assert said in done.ended
    assert shutil.disk_usage(box.base).free > free - 100 * MEGABYTE


def test_the_temporary_folder_is_full_at_its_limit(box: Box) -> None:
    """There, the kernel says no."""
    done = box.run(
        ["sh", "-c", "head -c 50000000 /dev/zero > /tmp/big"], limits={"written": 10 * MEGABYTE}
    )
    assert done.exit_code != 0
    assert "No space left on device" in done.output


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.5])
def test_the_death_of_the_caller_ends_the_command(box: Box, mark: str, delay: float) -> None:
    """SIGKILL of whoever started it, early or late: no test run is left behind."""
    caller = box.start(["sh", "-c", f"sleep 60; true {mark}"], timeout=90.0)
    if delay == 0.5:
        wait_for(f"true {mark}")
    time.sleep(delay)
    for pid in _family(caller.pid):
        os.kill(pid, signal.SIGKILL)
    caller.wait()
    time.sleep(0.3)
    assert is_gone(mark)


def _family(pid: int) -> list[int]:
    """The process that runs the sandbox: runuser is another one above it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    python = [int(child) for child in children if b"boxed.py" in _command(child)]
    return [*python, pid]


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_an_interruption_ends_the_command(box: Box, mark: str) -> None:
    """Ctrl-C takes the command with it, and the folders that were made for it."""
    caller = box.start(["sh", "-c", f"sleep 60; true {mark}"], timeout=90.0)
    wait_for(f"true {mark}")
    time.sleep(0.2)
    os.kill(_family(caller.pid)[0], signal.SIGINT)
    caller.communicate(timeout=20)
    assert is_gone(mark)
    assert [path for path in box.scratch.iterdir() if path.name.startswith("gate-")] == []
