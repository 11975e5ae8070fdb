"""Whose is a lock that stands beside a ref? Ours say so beforehand, so that a dead one's can go.

Beside each ref that we move there is a file of our own, held by flock while the ref is locked: the
kernel lets go of it however the process ends. Before git's own lock is taken the file is filled,
with who has it, then it says which file that lock is, afterwards it is blank. So who gets the
flock and finds the file filled knows that its last holder died in between, and by which lock that
one can be told.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

from gitagent.errors import Conflict
from gitagent.failpoints import reach
from gitagent.git import disk
from gitagent.git.writing import writing
from gitagent.processes import is_stopped

FOLDER = "gitagent/locks"
PACKED = "packed-refs"
PATIENCE_S = 10.0
GIT_MAY_TAKE_S = 1.0
PAUSE_S = 0.01
SHORT = 200
"""Bytes of what is said, with blanks behind it: a file that is cut off and filled again gives its
room on the disk back and takes new, each time."""

Identity = tuple[int, ...]
"""Which file it is: its inode and, in nanoseconds, when it was written; empty for none."""


@contextmanager
def held(common: Path, name: str, *, removes: bool = False) -> Iterator[Callable[[], None]]:
    """Hold our own lock of a ref around a block that takes git's; what a dead one left is removed.

    The block calls what it is given as soon as it has git's lock. `common` is the git folder that
    all worktrees share; one who `removes` the ref takes the lock of the packed ones, too. Conflict
    where a living one keeps it.
    """
    handle = _taken(common, name)
    try:
        _clear(handle, common, name)
        with writing():
            _say(handle, _words(removes))
            disk.put([handle], str(common))
        reach("lock taken")
        try:
            yield lambda: _note(handle, removes, _identity(_lock(common, name)))
            reach("lock to be left")
        finally:
            # also where git's lock could not be had: whose that is, it is not ours
            _say(handle)
    finally:
        os.close(handle)


def sweep(common: Path) -> list[str]:
    """Remove what dead processes of ours left locked; the names of those refs."""
    swept = []
    for name in names(common):
        with _alone(common, name) as handle:
            if handle is not None and _read(handle):
                _clear(handle, common, name)
                swept.append(name)
    return swept


def names(common: Path) -> list[str]:
    """The refs that have had a lock of ours."""
    return sorted(unquote(place.name) for place in (common / FOLDER).glob("*"))


def forget(common: Path, name: str) -> bool:
    """Remove our lock of a ref that is gone, unless somebody holds it; whether it was removed."""
    with _alone(common, name) as handle:
        if handle is None:
            return False
        _clear(handle, common, name)
        _place(common, name).unlink(missing_ok=True)
        return True


@contextmanager
def _alone(common: Path, name: str) -> Iterator[int | None]:
    """Our lock of a ref at once; None where there is none, or somebody holds it."""
    try:
        handle = os.open(_place(common, name), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield None
    else:
        yield handle
    finally:
        os.close(handle)


def _place(common: Path, name: str) -> Path:
    return common / FOLDER / quote(name, safe="")


def _taken(common: Path, name: str) -> int:
    """A handle that holds our lock of a ref; on the file that stands there now, for whoever held
    it before may have removed it."""
    place = _place(common, name)
    while True:
        with writing():
            handle = _opened(place)
        try:
            _take(handle, name)
            if _identity(place)[:1] == (os.fstat(handle).st_ino,):
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _opened(place: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(place, flags, 0o644)
    except FileNotFoundError:
        place.parent.mkdir(parents=True, exist_ok=True)
        return os.open(place, flags, 0o644)


def _take(handle: int, name: str) -> None:
    """Wait for whoever holds it, but not long for one that is stopped."""
    began = time.monotonic()
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - began
            holder = next(iter(_read(handle)), 0)
            if waited > PATIENCE_S or (waited > GIT_MAY_TAKE_S and is_stopped(holder)):
                raise _kept(name, holder) from None
            time.sleep(PAUSE_S)
        else:
            return


def _kept(name: str, holder: int) -> Conflict:
    stopped = is_stopped(holder)
    return Conflict(
        f"{name} is held by process {holder} of gitagent"
        f"{', which is stopped' if stopped else ''}; nothing was changed.",
        hint=f"Let it go on, `kill -CONT {holder}`, or end it, `kill -KILL {holder}`."
        if stopped
        else "Wait for it, or end it.",
    )


def _words(removes: bool, lock: Identity = ()) -> bytes:
    """Who holds it, whether to remove the ref and, once that is known, by which lock of git's."""
    return " ".join(map(str, (os.getpid(), int(removes), *lock))).encode()


def _read(handle: int) -> Identity:
    """What whoever holds it, or died with it, said; empty for nobody."""
    return tuple(map(int, os.pread(handle, SHORT, 0).split()))


def _say(handle: int, words: bytes = b"") -> None:
    os.pwrite(handle, words.ljust(SHORT), 0)


def _note(handle: int, removes: bool, lock: Identity) -> None:
    """Say which lock is ours, so that nobody need guess."""
    with writing():
        _say(handle, _words(removes, lock))


def _clear(handle: int, common: Path, name: str) -> None:
    """Git's locks that our dead predecessor left. A git command that got there since is let be."""
    said = _read(handle)
    if not said:
        return
    noted = said[2:]
    packed = ((_lock(common, PACKED), ()),) if said[1:2] == (1,) else ()
    for lock, ours in ((_lock(common, name), noted), *packed):
        found = _identity(lock)
        if ours and found[:1] != ours[:1]:
            continue  # a git command has it
        if found and (found == ours or _stays(lock, found)):
            lock.unlink(missing_ok=True)
            reach("stale lock removed")
    _say(handle)


def _stays(lock: Path, found: Identity) -> bool:
    """Whether a lock of which nobody can say whose it is outlasts any git command's."""
    ends = time.monotonic() + GIT_MAY_TAKE_S
    while _identity(lock) == found:
        if time.monotonic() > ends:
            return True
        time.sleep(PAUSE_S)
    return False


def _lock(common: Path, name: str) -> Path:
    return common / f"{name}.lock"


def _identity(path: Path) -> Identity:
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_ino, status.st_mtime_ns
