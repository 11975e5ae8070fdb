"""What the processes of one user have to know of each other while they ask the same provider.

Small files in the user's cache folder, which nothing depends on: one that cannot be read, or that
was written before this machine was started, counts as empty, and where nothing can be written a
process goes on with what it knows by itself. Times in them are those of `now`, which no correction
of the wall clock moves. All locks are flocks: the kernel lets go of them however a process ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from gitagent.processes import this_process

State = dict[str, float]

LARGEST = 16384
"""Bytes of a file that are read; ours are far smaller."""
LONGEST_LOCKED_S = 0.5
"""A file is held for microseconds; whoever holds it longer was stopped in between."""
FIRST_LOOK_S, LONGEST_LOOK_S = 0.0002, 0.005


def now() -> float:
    """Seconds since this machine was started, its sleep included; the same in all processes."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def place(folder: Path, provider_key: str, kind: str) -> Path:
    """Where something about one provider and key is kept; the name gives neither away."""
    return folder / f"{hashlib.sha256(provider_key.encode()).hexdigest()[:32]}.{kind}"


class Cell:
    """A few numbers that processes and threads share. It never raises for what the disk does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own: State = {}
        self._alone = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[State]:
        """The state, for this block alone; what the block makes of it is kept.

        Where the block raises, the state stays what it was.
        """
        with _locked(self._path, os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX) as file:
            if file is None:
                with self._alone:
                    state = dict(self._own)
                    yield state
                    self._own = state
                return
            before = _read(file) or self._own
            state = dict(before)
            yield state
            if state != before or self._own:
                self._own = {} if _written(file, state) else state

    def seen(self) -> State:
        """The state as it is now; nothing is created by looking."""
        with _locked(self._path, os.O_RDONLY, fcntl.LOCK_SH) as file:
            return (_read(file) if file is not None else {}) or dict(self._own)


class Claim:
    """Something that one thread of one process has at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._alone = threading.Lock()

    def take(self) -> Held | None:
        """The claim, if it is to be had at once."""
        try:
            file = _opened(self._path, os.O_RDWR | os.O_CREAT)
        except OSError:
            return self._taken_alone()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        except OSError:  # a file system without locks
            os.close(file)
            return self._taken_alone()
        return Held(file=file)

    def _taken_alone(self) -> Held | None:
        """Within this process at least, where no file can be had."""
        return Held(lock=self._alone) if self._alone.acquire(blocking=False) else None


class Held:
    """A claim that was taken, until `release`."""

    def __init__(self, *, file: int | None = None, lock: threading.Lock | None = None) -> None:
        self._file = file
        self._lock = lock

    def release(self) -> None:
        """Let go; once is enough, more often does no harm."""
        if self._file is not None:
            file, self._file = self._file, None
            _let_go(file)
        if self._lock is not None:
            lock, self._lock = self._lock, None
            lock.release()


@contextmanager
def _locked(path: Path, how: int, kind: int) -> Iterator[int | None]:
    """A file under its lock; None where it cannot be had."""
    file = _held_file(path, how, kind)
    try:
        yield file
    finally:
        if file is not None:
            _let_go(file)


def _held_file(path: Path, how: int, kind: int) -> int | None:
    ends, look = time.monotonic() + LONGEST_LOCKED_S, FIRST_LOOK_S
    while True:
        try:
            file = _opened(path, how)
        except OSError:
            return None
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
            if os.fstat(file).st_nlink:
                return file  # else somebody cleaned the cache between the two lines above
        except BlockingIOError:
            pass
        except OSError:
            ends = 0.0
        os.close(file)
        if time.monotonic() >= ends:
            return None
        time.sleep(random.uniform(look / 2, look))
        look = min(2 * look, LONGEST_LOOK_S)


def _opened(path: Path, how: int) -> int:
    """A file of ours; no link is followed, and no pipe is waited for."""
    how |= os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        return os.open(path, how, 0o600)
    except FileNotFoundError:
        if not how & os.O_CREAT:
            raise
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, how, 0o600)


def _let_go(file: int) -> None:
    # unlocked by hand: a child that was forked meanwhile holds the same lock
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_UN)
    os.close(file)


def _read(file: int) -> State:
    """What the first line says; a longer state that stood there before may follow."""
    try:
        boot, found = json.loads(os.pread(file, LARGEST, 0).partition(b"\n")[0])
        if boot != _boot() or not isinstance(found, dict):
            return {}
        return {name: float(value) for name, value in found.items() if math.isfinite(value)}
    except (OSError, ValueError, TypeError, OverflowError, RecursionError):
        return {}


def _written(file: int, state: State) -> bool:
    """Whether the disk took it. One write: a process that is killed leaves it whole or not done."""
    data = json.dumps([_boot(), state]).encode() + b"\n"
    with suppress(OSError):
        if os.pwrite(file, data, 0) == len(data):
            return True
    with suppress(OSError):
        os.truncate(file, 0)
    return False


@cache
def _boot() -> str:
    return this_process().machine
