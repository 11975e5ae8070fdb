"""Whose is a lock that stands beside a ref? Ours say so beforehand, so that a dead one's can go.

Beside each ref that we move there is a file of our own, held by flock while the ref is locked: the
kernel lets go of it however the process ends. Before git's own lock is taken the file is filled,
afterwards it is emptied. So who gets the flock and finds the file filled knows that its last
holder died in between, and that a lock that stands there is that one's.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from gitagent.errors import Conflict
from gitagent.failpoints import reach
from gitagent.git.writing import writing

FOLDER = "gitagent/locks"
PACKED = "packed-refs"
PATIENCE_S = 10.0
GIT_MAY_TAKE_S = 1.0
PAUSE_S = 0.01


@contextmanager
def held(common: Path, name: str) -> Iterator[None]:
    """Hold our own lock of a ref around a block that takes git's; what a dead one left is removed.

    `common` is the git folder that all worktrees share. Conflict where a living one keeps it.
    """
    place = common / FOLDER / quote(name, safe="")
    with writing():
        place.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _take(handle, name)
        _clear(handle, common, name)
        with writing():
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            os.fsync(handle)
        reach("lock taken")
        yield
        reach("lock to be left")
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def sweep(common: Path) -> list[str]:
    """Remove what dead processes of ours left locked; the names of those refs."""
    swept = []
    for place in sorted((common / FOLDER).glob("*")):
        name = _name(place)
        if place.stat().st_size and _lock(common, name).exists():
            with held(common, name):
                swept.append(name)
    return swept


def _name(place: Path) -> str:
    from urllib.parse import unquote

    return unquote(place.name)


def _take(handle: int, name: str) -> None:
    ends = time.monotonic() + PATIENCE_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > ends:
                raise Conflict(
                    f"{name} is held by another process of gitagent; nothing was changed."
                ) from None
            time.sleep(PAUSE_S)
        else:
            return


def _clear(handle: int, common: Path, name: str) -> None:
    """Git's locks that our dead predecessor left. A git command that got there since is let be."""
    if not os.fstat(handle).st_size:
        return
    for lock in (_lock(common, name), _lock(common, PACKED)):
        born = _inode(lock)
        ends = time.monotonic() + GIT_MAY_TAKE_S
        while born and _inode(lock) == born and time.monotonic() < ends:
            time.sleep(PAUSE_S)
        if born and _inode(lock) == born:
            lock.unlink(missing_ok=True)
            reach("stale lock removed")
    os.ftruncate(handle, 0)


def _lock(common: Path, name: str) -> Path:
    return common / f"{name}.lock"


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0
