"""What a command asks of the kernel, by strace: to end it there, or to read it afterwards."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from forking import Ended
from story import Scene

from gitagent.processes import is_stopped

CALL = "syscall "
"""How a point in a walk begins that is no failpoint: `syscall NAME#N` is the N-th of that name."""

MOVES = ("rename", "renameat", "renameat2", "link", "unlink", "unlinkat", "fsync", "fdatasync")
"""Those by which files get their names and what is in them gets to the disk."""

ATTACHED_S = 10.0


def usable() -> bool:
    program = shutil.which("strace")
    return (
        bool(program)
        and subprocess.run([str(program), "true"], capture_output=True).returncode == 0
    )


needed = pytest.mark.skipif(not usable(), reason="no strace, or it may not look into processes")


def killed(scene: Scene, words: Sequence[str], point: str, **env: str) -> Ended:
    """Run a command that SIGKILL ends as it enters a system call."""
    name, _, nth = point.removeprefix(CALL).partition("#")
    inject = f"inject={name}:signal=KILL:when={nth}"
    return _traced(scene, words, f"trace={name}", Path(os.devnull), "-e", inject, **env)


def recorded(
    scene: Scene, words: Sequence[str], calls: Sequence[str], *more: str, **env: str
) -> list[str]:
    """The lines that strace has to tell of these calls, in order."""
    record = scene.folder.with_name(f"{scene.folder.name}.strace")
    ended = _traced(scene, words, f"trace={','.join(calls)}", record, *more, **env)
    assert ended.code == 0, ended.err
    lines = record.read_text(errors="backslashreplace").splitlines()
    record.unlink()
    return [*_whole(lines)]


def _whole(lines: Iterable[str]) -> Iterator[str]:
    """A call during which another thread made one stands where it came back."""
    begun: dict[tuple[str, str], str] = {}
    for line in lines:
        if found := re.match(r"((\d+) +(\w+)\(.*) <unfinished \.\.\.>$", line):
            begun[found[2], found[3]] = found[1]
        elif found := re.match(r"(\d+) +<\.\.\. (\w+) resumed>(.*)", line):
            yield begun.pop((found[1], found[2]), "") + found[3]
        else:
            yield line


def points(scene: Scene, words: Sequence[str]) -> list[str]:
    """A point for each call by which a command's main thread moves files, name by name."""
    lines = recorded(scene, words, MOVES)
    counts = Counter(found[1] for line in lines if (found := re.match(r"(\w+)\(", line)))
    return [f"{CALL}{name}#{n + 1}" for name, count in counts.items() for n in range(count)]


def _traced(
    scene: Scene, words: Sequence[str], what: str, record: Path, *more: str, **env: str
) -> Ended:
    pid = scene.start(*words, stopped=True, **env)
    with _attached(pid, "-e", what, *more, "-o", str(record)):
        os.kill(pid, signal.SIGCONT)
        return scene.forks.wait(pid)


@contextmanager
def _attached(pid: int, *options: str) -> Iterator[None]:
    """strace looks into a process that is stopped, and goes when that ends."""
    ends = time.monotonic() + ATTACHED_S
    while not is_stopped(pid):
        assert time.monotonic() < ends
        time.sleep(0.002)
    strace = subprocess.Popen(
        ["strace", *options, "-p", str(pid)], stderr=subprocess.PIPE, text=True
    )
    assert strace.stderr is not None
    with strace, strace.stderr:
        for line in strace.stderr:
            if "attached" in line:
                break
        yield
