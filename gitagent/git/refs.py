"""Refs that move by compare-and-swap: read under their lock, so that exactly one writer wins.

pygit2's own way to create a ref looks first and locks afterwards; two processes can both win there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from gitagent.errors import Conflict, Unwritable, UsageError
from gitagent.failpoints import reach
from gitagent.git import disk, worktrees
from gitagent.git.trees import is_utf8
from gitagent.git.writing import sync, writing

if TYPE_CHECKING:
    import pygit2

OBJECTS, REFS = "objects", "refs"
OWN = "refs/gitagent/"
Sync = Callable[[Sequence[int]], None]
"""Puts on the disk what a ref is about to lead to, and with it these open files, the ref's own."""
LOCK_WAITS = (0.02, 0.1, 0.3)
"""Seconds between tries to lock a ref: another git process holds a lock for an instant only."""


def read(repository: pygit2.Repository, name: str) -> str | None:
    """What a ref leads to; None where there is none, or it leads nowhere."""
    import pygit2

    try:
        reference = repository.references.get(name)
        return None if reference is None else str(reference.resolve().target)
    except (KeyError, ValueError, pygit2.GitError):
        return None  # a name that no ref can have, or a symbolic ref to nothing


def keep_reflog(repository: pygit2.Repository, name: str) -> None:
    """Let git write down where a ref has been, which it does not by itself outside refs/heads."""
    place = _reflog(repository, name)
    with writing():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()


def moved_here(repository: pygit2.Repository, name: str, mark: str) -> set[str]:
    """Where a ref has stood by moves of this repository whose reason begins with `mark`.

    A reflog is never fetched, so that nobody else can have written it.
    """
    place = _reflog(repository, name)
    lines = place.read_bytes().splitlines() if place.is_file() else []
    parts = (line.partition(b"\t") for line in lines)
    return {
        head.split()[1].decode() for head, _, reason in parts if reason.startswith(mark.encode())
    }


def _reflog(repository: pygit2.Repository, name: str) -> Path:
    return worktrees.shared(Path(repository.path)) / "logs" / name


def names(repository: pygit2.Repository) -> Iterator[str]:
    return map(os.fsdecode, repository.raw_listall_references())


def targets(repository: pygit2.Repository, prefix: str) -> dict[str, str]:
    """What all refs lead to whose name starts so, by name; in one pass over all refs."""
    import pygit2

    found: dict[str, str | None] = {}
    for reference in repository.references.iterator():
        name = os.fsdecode(reference.raw_name)
        if name.startswith(prefix):
            target = reference.raw_target
            direct = isinstance(target, pygit2.Oid)
            found[name] = str(target) if direct else read(repository, name)
    return {name: target for name, target in found.items() if target}


@contextmanager
def moving(
    repository: pygit2.Repository, name: str, new: str, old: str | None, reason: str, sync: Sync
) -> Iterator[None]:
    """Compare-and-swap around a block: nobody else moves the ref while the block runs.

    `old` None creates. The ref stays where it is if the block raises, or `sync` does.
    """
    if old is not None and name.startswith(OWN):
        move = _moving_own(repository, name, new, old, reason, sync)
    else:
        move = _moving_any(repository, name, new, old, reason, sync)
    with move:
        yield
    reach("ref moved")


@contextmanager
def _moving_any(
    repository: pygit2.Repository, name: str, new: str, old: str | None, reason: str, sync: Sync
) -> Iterator[None]:
    """By libgit2, which knows what goes with a branch, and what may be in a new ref's way."""
    with _locked(repository, name) as transaction:
        if _target(repository, name) != old:
            raise _moved(name)
        if old is None:
            _check_free(repository, name)
        yield
        sync(())
        reach("ref to be moved")
        transaction.set_target(name, new, message=reason)
    if old is None:
        _sync_folders(worktrees.shared(Path(repository.path)), name)


@contextmanager
def _moving_own(
    repository: pygit2.Repository, name: str, new: str, old: str, reason: str, sync: Sync
) -> Iterator[None]:
    """A ref of ours, at each event, with one sync for it, its log and all that was put before."""
    with _held(repository, name) as lock:
        if _target(repository, name) != old:
            raise _moved(name)
        yield
        reach("ref to be moved")
        with writing():
            line = f"{old} {new} {_signed(repository)}\t{reason}\n"
            with _logged(repository, name, line) as log:
                lock.write(f"{new}\n")
                sync([lock.handle, *log])
            reach("ref written")
            lock.become(name)


@contextmanager
def _logged(repository: pygit2.Repository, name: str, line: str) -> Iterator[Sequence[int]]:
    """Add to a ref's log, where git keeps one; the log's handle, for what is to be synced."""
    place = _reflog(repository, name)
    if not place.is_file():
        yield ()
        return
    with place.open("ab") as file:
        file.write(line.encode())
        file.flush()
        reach("reflog written")
        yield (file.fileno(),)


def _signed(repository: pygit2.Repository) -> str:
    """Who moves a ref, and when, as a reflog has it."""
    return f"{_person(repository)} {int(time.time())} {time.strftime('%z', time.localtime())}"


@lru_cache(maxsize=64)
def _person(repository: pygit2.Repository) -> str:
    """Looked up once: the configuration is read anew for each look."""
    try:
        found = repository.default_signature
    except (KeyError, ValueError):
        return "gitagent <gitagent@localhost>"
    return f"{found.name} <{found.email}>"


@contextmanager
def staying(repository: pygit2.Repository, name: str, at: str | None) -> Iterator[None]:
    """Nobody moves the ref while the block runs; Conflict where it stands elsewhere already."""
    with _held(repository, name):
        if _target(repository, name) != at:
            raise _moved(name)
        yield


def _sync_folders(common: Path, name: str) -> None:
    """The folders above a new ref's own: it may be the first one in them."""
    for folder in (common / name).parent.parents:
        sync(folder)
        if folder in (common, common / REFS):
            return


def delete(repository: pygit2.Repository, name: str, old: str) -> None:
    """Compare-and-delete; nothing where the ref is gone."""
    if read(repository, name) is not None:
        with deleting(repository, name, old):
            pass


@contextmanager
def deleting(repository: pygit2.Repository, name: str, old: str) -> Iterator[None]:
    """Compare-and-delete around a block: nobody else moves the ref while the block runs.

    The ref stays if the block raises. Its reflog goes with it, as git has it.
    """
    with _locked(repository, name, removes=True) as transaction:
        if _target(repository, name) != old:
            raise _moved(name)
        yield
        reach("ref to be removed")
        with writing():
            _reflog(repository, name).unlink(missing_ok=True)
        reach("reflog removed")
        transaction.remove(name)
    reach("ref removed")


def _target(repository: pygit2.Repository, name: str) -> str | None:
    """What a ref says; for a symbolic one that is a name."""
    reference = repository.references.get(name)
    return None if reference is None else str(reference.target)


def _check_free(repository: pygit2.Repository, name: str) -> None:
    """git keeps no ref below another one's name."""
    for taken in names(repository):
        if taken.startswith(f"{name}/") or name.startswith(f"{taken}/"):
            raise Conflict(f"{name} cannot be made: there is {taken}.")


@dataclass
class _Lock:
    """git's own lock of a ref: the file that becomes the ref, or goes."""

    common: Path
    place: Path
    handle: int
    note: Callable[[], None]
    stands: bool = True

    def write(self, text: str) -> None:
        os.write(self.handle, text.encode())
        self.note()

    def become(self, name: str) -> None:
        place = self.common / name
        try:
            self.place.replace(place)
        except IsADirectoryError:
            place.rmdir()  # an empty one, which git leaves where refs were
            self.place.replace(place)
        self.stands = False
        disk.commit(place, str(self.common))


@contextmanager
def _held(repository: pygit2.Repository, name: str) -> Iterator[_Lock]:
    """Hold the lock of a ref around a block, as git does; libgit2 takes five times as long."""
    from gitagent.git import locks

    _check_name(name)
    common = worktrees.shared(Path(repository.path))
    with locks.held(common, name) as taken:
        place = common / f"{name}.lock"
        lock = _Lock(common, place, _lock_file(repository, place, name), taken)
        try:
            taken()
            reach("ref locked")
            yield lock
        finally:
            os.close(lock.handle)
            if lock.stands:
                place.unlink(missing_ok=True)


def _lock_file(repository: pygit2.Repository, place: Path, name: str) -> int:
    for wait in (*LOCK_WAITS, None):
        try:
            return _new(place, worktrees.shared(Path(repository.path)))
        except OSError as error:
            if wait is None or not isinstance(error, FileExistsError):
                raise _not_locked(repository, name) from error
            time.sleep(wait)
    raise AssertionError


def _new(place: Path, common: Path) -> int:
    """A lock that nobody else has made."""
    if (made := _out_of_blank(place, common)) is not None:
        return made
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(place, flags, 0o666)
    except FileNotFoundError:
        # of a ref that is in packed-refs only, the folder may be gone
        place.parent.mkdir(parents=True, exist_ok=True)
        return os.open(place, flags, 0o666)


def _out_of_blank(place: Path, common: Path) -> int | None:
    """A lock made of a file that is there already, with the mode of the ref that it may become."""
    blanks = disk.blanks(str(common / OBJECTS))
    if (blank := blanks.take()) is None:
        return None
    try:
        os.fchmod(blank, place.with_name(place.name.removesuffix(".lock")).stat().st_mode & 0o777)
        blanks.name(blank, str(place))
    except OSError as error:
        os.close(blank)
        if isinstance(error, FileExistsError):
            raise
        return None
    return blank


def _check_name(name: str) -> None:
    import pygit2

    if "GIT_QUARANTINE_PATH" in os.environ:
        raise UsageError(
            "A pre-receive hook can move no ref: what was pushed is not accepted yet.",
            hint="Call it from post-receive.",
        )
    if "\0" in name or not is_utf8(name) or not pygit2.reference_is_valid_name(name):
        raise UsageError(f"`{name}` cannot be the name of a branch.")


@contextmanager
def _locked(
    repository: pygit2.Repository, name: str, *, removes: bool = False
) -> Iterator[pygit2.ReferenceTransaction]:
    """A transaction that holds the lock of a ref; it is done when the block ends well."""
    import pygit2

    from gitagent.git import locks

    _check_name(name)
    folder, at_end = worktrees.shared(Path(repository.path)), False
    try:
        with (
            locks.held(folder, name, removes=removes) as taken,
            pygit2.ReferenceTransaction(repository) as transaction,
        ):
            _lock(repository, transaction, name)
            taken()
            reach("ref locked")
            yield transaction
            at_end = True
    except pygit2.GitError as error:
        if not at_end:
            raise
        raise Unwritable(f"{name} cannot be written: {error}.") from error


def _lock(
    repository: pygit2.Repository, transaction: pygit2.ReferenceTransaction, name: str
) -> None:
    import pygit2

    for wait in (*LOCK_WAITS, None):
        try:
            transaction.lock_ref(name)
        except (OSError, pygit2.GitError) as error:
            if wait is None:
                raise _not_locked(repository, name) from error
            time.sleep(wait)
        else:
            return


def _not_locked(repository: pygit2.Repository, name: str) -> Conflict | Unwritable:
    _check_free(repository, name)
    lock = worktrees.shared(Path(repository.path)) / f"{name}.lock"
    if not lock.exists():
        return Unwritable(f"{name} cannot be written; nothing was changed.")
    return Conflict(
        f"{name} is locked; nothing was changed.",
        hint=f"If no git command is running, one has died there: remove {lock}.",
    )


def _moved(name: str) -> Conflict:
    return Conflict(
        f"{name} was moved by somebody else; nothing was overwritten.",
        hint=f"Look at it with `git log {name}`, then decide which side to keep.",
    )
