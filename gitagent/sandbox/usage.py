"""Looks at what the processes of a sandbox use together, and says which limit they have passed.

Limits of the kernel are a process's own (and those on processes do not hold for root), control
groups are not ours to make. So the sandbox is looked at from outside, often enough that a machine
lives through what happens in between. Its own /proc names its processes and no other.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gitagent.sandbox.limits import Limits, amount

_PAGE = os.sysconf("SC_PAGE_SIZE")
_SECOND_LOOK = 1.0
_LEAST_FREE = 1_000_000_000
_OWN_INIT = "1"
_THREADS, _RESIDENT = 17, 21  # of /proc/PID/stat, counted from behind the name


@dataclass
class Usage:
    """The processes of one sandbox, by `init`, its first process as this machine numbers it.

    `memory_folders` are paths inside whose files are memory, `disk` is the folder of this machine
    that holds what it writes to disk.
    """

    init: int
    limits: Limits
    memory_folders: tuple[str, ...]
    disk: Path
    _proc: int | None = None
    _free_at_first: int = 0
    _not_before: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._free_at_first = _free(self.disk)

    def close(self) -> None:
        if self._proc is not None:
            os.close(self._proc)
            self._proc = None

    def passed(self) -> str:
        """What they used too much of, in words; empty while all is well."""
        if self._opened() is None:
            return ""
        tasks, memory = 0, 0
        for pid in self._pids():
            threads, resident = self._of(pid)
            tasks, memory = tasks + threads, memory + resident
        if tasks > self.limits.tasks:
            return f"it had more than {self.limits.tasks} processes and threads"
        if self._too_much_memory(memory):
            return f"it used more than {amount(self.limits.memory)} of memory"
        return self._written()

    def ask_to_end(self) -> bool:
        """Ask every process inside to end; False where none could be asked."""
        asked = False
        for pid in self._pids() if self._opened() is not None else ():
            with suppress(OSError):
                # a folder of /proc is a handle that cannot come to mean another process
                process = os.open(pid, os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._proc)
                try:
                    signal.pidfd_send_signal(process, signal.SIGTERM)
                    asked = True
                finally:
                    os.close(process)
        return asked

    def _pids(self) -> list[str]:
        """All but the sandbox's own first process, as they are numbered inside."""
        assert self._proc is not None
        with suppress(OSError):
            names = os.listdir(self._proc)  # noqa: PTH208 - an open folder has no path
            return [name for name in names if name.isdigit() and name != _OWN_INIT]
        return []

    def _of(self, pid: str) -> tuple[int, int]:
        """How many threads a process has, and how many bytes are in memory for it."""
        try:
            # the name of the program stands in brackets and may hold anything, brackets too
            fields = self._read(f"{pid}/stat").rpartition(b")")[2].split()
            return int(fields[_THREADS]), int(fields[_RESIDENT]) * _PAGE
        except (OSError, IndexError, ValueError):
            return 0, 0

    def _too_much_memory(self, resident: int) -> bool:
        files = self._in_memory_folders()
        if resident + files <= self.limits.memory or not self._due("memory"):
            return False
        # Pages that several processes share were counted for each: now as they deserve.
        began = time.monotonic()
        shares = sum(self._share(pid) for pid in self._pids())
        self._put_off("memory", began)
        return shares + files > self.limits.memory

    def _share(self, pid: str) -> int:
        try:
            for line in self._read(f"{pid}/smaps_rollup").splitlines():
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
        except (OSError, IndexError, ValueError):
            pass
        return 0

    def _in_memory_folders(self) -> int:
        sizes = {}
        for folder in self.memory_folders:
            with suppress(OSError):
                found = os.statvfs(f"/proc/{self.init}/root{folder}")
                sizes[found.f_fsid or folder] = (found.f_blocks - found.f_bfree) * found.f_frsize
        return sum(sizes.values())

    def _written(self) -> str:
        free = _free(self.disk)
        floor = min(_LEAST_FREE, self._free_at_first // 2)
        if free < floor:
            return f"it left less than {amount(floor)} of the disk"
        # The disk has other users: only if it lost as much at all, its files are counted.
        if self._free_at_first - free > self.limits.written and self._due("disk"):
            began = time.monotonic()
            size = _size(self.disk)
            self._put_off("disk", began)
            if size > self.limits.written:
                return f"it wrote more than {amount(self.limits.written)}"
        return ""

    def _due(self, what: str) -> bool:
        return time.monotonic() >= self._not_before.get(what, 0.0)

    def _put_off(self, what: str, began: float) -> None:
        """The next look is worth its time only after a multiple of what this one took."""
        now = time.monotonic()
        self._not_before[what] = now + max(_SECOND_LOOK, 10 * (now - began))

    def _opened(self) -> int | None:
        """The sandbox's own /proc; None as long as its first process still sees this machine's."""
        if self._proc is None:
            with suppress(OSError):
                found = os.open(f"/proc/{self.init}/root/proc", os.O_RDONLY | os.O_DIRECTORY)
                if _namespace("1", found) == _namespace(str(self.init), None):
                    self._proc = found
                else:
                    os.close(found)
        return self._proc

    def _read(self, path: str) -> bytes:
        file = os.open(path, os.O_RDONLY, dir_fd=self._proc)
        try:
            return os.read(file, 65_536)
        finally:
            os.close(file)


def _namespace(pid: str, proc: int | None) -> int:
    """Which namespace of processes one is in."""
    name = f"{pid}/ns/pid" if proc is not None else f"/proc/{pid}/ns/pid"
    return os.stat(name, dir_fd=proc).st_ino


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _size(folder: Path) -> int:
    """Bytes on disk of all that lies below a folder."""
    total, todo = 0, [os.fspath(folder)]
    while todo:
        with suppress(OSError), os.scandir(todo.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        todo.append(entry.path)
    return total
