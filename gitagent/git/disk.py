"""What is on the disk, and what it costs to be sure of it.

Each file has its own fsync and each name one of its folder; that is always right, and dear. A file
system that journals what it does in order (ext4 as it is usually mounted, XFS) asks for less: the
content of each file is written out, and one fsync behind them all, of whichever file, commits the
names and sizes of what came before. git calls this `core.fsyncMethod=batch`.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

MOUNTS = Path("/proc/self/mountinfo")
DEVICES, EXT4 = Path("/sys/dev/block"), Path("/proc/fs/ext4")
ALWAYS = ("xfs", "tmpfs")
JOURNALED = ("data=ordered", "data=journal")
"""How ext4 says that it has a journal, and that content goes before the names that lead to it."""
UNKNOWN = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ESPIPE)
MOST_OPEN = 100
AT_ONCE = 8
ENOUGH, IDLE_S = 16, 5.0
READ_ONLY = 0o444
TMPFILE = getattr(os, "O_TMPFILE", 0)
WAIT_BEFORE, WRITE, WAIT_AFTER = 1, 2, 4


@lru_cache(maxsize=64)
def in_order(folder: str) -> bool:
    """Whether one fsync commits all that was done before it in the file system of `folder`."""
    if _range() is None:
        return False
    try:
        device = Path(folder).stat().st_dev
        lines = MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return False
    wanted = f"{os.major(device)}:{os.minor(device)}"
    found = [line.partition(" - ") for line in lines if wanted in line.split()[2:3]]
    if not found:
        return False
    kinds = {(after.split() or [""])[0] for _, _, after in found}
    return kinds <= {*ALWAYS} if kinds != {"ext4"} else _journaled(wanted)


def _journaled(device: str) -> bool:
    try:
        name = (DEVICES / device).resolve().name
        options = (EXT4 / name / "options").read_text().splitlines()
    except OSError:
        return False
    return any(option in options for option in JOURNALED)


def covered(folder: str, beside: str) -> bool:
    """Whether what is committed in the folder `beside` commits all that was `put` in `folder`."""
    return Path(folder).stat().st_dev == Path(beside).stat().st_dev and in_order(folder)


def start(handle: int, folder: str) -> None:
    """Let the content of an open file be written out, without waiting for it."""
    if in_order(folder):
        _out(handle, WRITE)


def put(handles: Sequence[int], folder: str) -> None:
    """The content of open files is on the disk; names and sizes are with the next `commit`."""
    if in_order(folder):
        handles = [each for each in handles if not _out(each, WAIT_BEFORE | WRITE | WAIT_AFTER)]
    fsync_all(handles)


def fsync_all(handles: Sequence[int]) -> None:
    """Files and folders by their handles, at once: they wait for the same flush of the disk."""
    mine, begun = [*handles], []
    try:
        with suppress(RuntimeError):  # no thread to be had, or none any more: then one by one
            while len(mine) > 1:
                begun.append(_waiting(os.getpid()).submit(os.fsync, mine[-1]))
                mine.pop()
        for handle in mine:
            os.fsync(handle)
    finally:
        wait(begun)
    for each in begun:
        each.result()


@lru_cache(maxsize=1)
def _waiting(_pid: int) -> ThreadPoolExecutor:
    """Threads that wait for the disk. A fork has none of those of its parent."""
    return ThreadPoolExecutor(AT_ONCE, "fsync")


class Batch:
    """New files below a folder that are to be on the disk together. They are open until then.

    `beside` is where what is committed behind them will be: on another disk that does nothing for
    these.
    """

    def __init__(self, folder: str, beside: str) -> None:
        self._handles: dict[str, int] = {}
        self._named: set[str] = set()
        self._folder = folder
        self._in_order = covered(folder, beside)

    def __contains__(self, place: str) -> bool:
        return place in self._handles

    def add(self, handle: int, place: str) -> None:
        """A file by its open handle, which is closed here, and by its place."""
        if len(self._handles) >= MOST_OPEN:
            self.sync()
        if (before := self._handles.pop(place, None)) is not None:
            os.close(before)
        self._handles[place] = handle

    def add_names(self, folder: str) -> None:
        """The names in a folder, of files whose content is there."""
        self._named.add(folder)

    def __del__(self) -> None:
        for handle in self._handles.values():
            os.close(handle)

    def sync(self, *, for_good: bool = False, also: Sequence[int] = ()) -> None:
        """As `put`, for all; also their names where that takes more. `for_good` commits them, where
        nothing else will. Other open files in the folder `beside` may go with them."""
        handles = [*self._handles.values()]
        if handles and not self._in_order:
            self._named |= {*map(os.path.dirname, self._handles), self._folder}
        try:
            with opened(self._named) as named:
                if self._in_order:
                    put([*handles, *also], self._folder)
                    fsync_all([*named, *handles[: int(for_good)]])
                else:
                    fsync_all([*handles, *also, *named])
        finally:
            for handle in handles:
                os.close(handle)
            self._handles.clear()
            self._named.clear()


@lru_cache(maxsize=16)
def blanks(folder: str) -> Blanks:
    """Those of a folder, the same for all who ask."""
    return Blanks(folder)


class Blanks:
    """New files of a folder that have no name yet, made beforehand by a thread.

    To make one takes a file system 10 µs, or forty times as long where the folder lies in a full
    part of the disk; meanwhile a model is being asked. Without a name they are gone with the
    process, however it ends. The thread is there while it has something to do.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._made: list[int] = []
        self._due = self._works = False
        self._changed = threading.Condition()

    def take(self) -> int | None:
        """The open handle of one; None where there is none."""
        with self._changed:
            return self._made.pop() if self._made else None

    def prepare(self) -> None:
        """Some will be needed soon."""
        with self._changed:
            self._due = True
            self._changed.notify()
            if not self._works and TMPFILE:
                with suppress(RuntimeError):  # no thread to be had: then without
                    worker = threading.Thread(target=self._work, name="blanks", daemon=True)
                    worker.start()
                    self._works = True

    def name(self, handle: int, place: str) -> None:
        """Put the file of a handle where its name is to be; OSError where that cannot be done."""
        folder = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            # with a folder, Python calls linkat(2), which follows the link
            os.link(f"/proc/self/fd/{handle}", place, src_dir_fd=folder, follow_symlinks=True)
        finally:
            os.close(folder)

    def _work(self) -> None:
        with self._changed:
            while self._due:
                self._due = False
                while len(self._made) < ENOUGH and (handle := self._new()) is not None:
                    self._made.append(handle)
                self._changed.wait_for(lambda: self._due, IDLE_S)
            self._works = False
            while self._made:
                os.close(self._made.pop())

    def _new(self) -> int | None:
        self._changed.release()
        try:
            return os.open(self._folder, TMPFILE | os.O_WRONLY | os.O_CLOEXEC, READ_ONLY)
        except OSError:
            return None
        finally:
            self._changed.acquire()


def commit(place: Path, folder: str) -> None:
    """All that was `put` before is there for good, and so is the file `place`, one of it, under its
    name."""
    fsync(place if in_order(folder) else place.parent)


def fsync(place: Path) -> None:
    """A file by itself or, of a folder, the names in it."""
    with opened([str(place)]) as handles:
        fsync_all(handles)


@contextmanager
def opened(places: Iterable[str]) -> Iterator[Sequence[int]]:
    """Handles of files or folders, to be synced."""
    handles: list[int] = []
    try:
        for place in places:
            handles.append(os.open(place, os.O_RDONLY | os.O_CLOEXEC))
        yield handles
    finally:
        for handle in handles:
            os.close(handle)


def _out(handle: int, flags: int) -> bool:
    """Whether the kernel did it."""
    import ctypes

    call = _range()
    if call is None or call(handle, 0, 0, flags) == 0:
        return call is not None
    if (code := ctypes.get_errno()) not in UNKNOWN:
        # it is told once, and not again to an fsync
        raise OSError(code, os.strerror(code))
    return False


@cache
def _range() -> Callable[..., int] | None:
    """sync_file_range(2), where there is one."""
    import ctypes

    found: Any = getattr(ctypes.CDLL(None, use_errno=True), "sync_file_range", None)
    if found is not None:
        found.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return found  # type: ignore[no-any-return]
