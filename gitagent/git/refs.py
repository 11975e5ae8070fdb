"""Refs that move by compare-and-swap: read under their lock, so that exactly one writer wins.

pygit2's own way to create a ref looks first and locks afterwards; two processes can both win there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gitagent.errors import Conflict, Unwritable, UsageError
from gitagent.failpoints import reach
from gitagent.git import locks, worktrees
from gitagent.git.trees import is_utf8
from gitagent.git.writing import writing

if TYPE_CHECKING:
    import pygit2

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
    place = worktrees.shared(Path(repository.path)) / "logs" / name
    with writing():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()


def moved_here(repository: pygit2.Repository, name: str, mark: str) -> set[str]:
    """Where a ref has stood by moves of this repository whose reason begins with `mark`.

    A reflog is never fetched, so that nobody else can have written it.
    """
    place = worktrees.shared(Path(repository.path)) / "logs" / name
    lines = place.read_bytes().splitlines() if place.is_file() else []
    parts = (line.partition(b"\t") for line in lines)
    return {
        head.split()[1].decode() for head, _, reason in parts if reason.startswith(mark.encode())
    }


def names(repository: pygit2.Repository) -> Iterator[str]:
    return map(os.fsdecode, repository.raw_listall_references())


@contextmanager
def moving(
    repository: pygit2.Repository, name: str, new: str, old: str | None, reason: str
) -> Iterator[None]:
    """Compare-and-swap around a block: nobody else moves the ref while the block runs.

    `old` None creates. The ref stays where it is if the block raises.
    """
    with _locked(repository, name) as transaction:
        if _target(repository, name) != old:
            raise _moved(name)
        if old is None:
            _check_free(repository, name)
        yield
        reach("ref to be moved")
        transaction.set_target(name, new, message=reason)
    reach("ref moved")


def delete(repository: pygit2.Repository, name: str, old: str) -> None:
    """Compare-and-delete; nothing where the ref is gone."""
    if read(repository, name) is None:
        return
    with _locked(repository, name) as transaction:
        if _target(repository, name) != old:
            raise _moved(name)
        reach("ref to be removed")
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


@contextmanager
def _locked(repository: pygit2.Repository, name: str) -> Iterator[pygit2.ReferenceTransaction]:
    """A transaction that holds the lock of a ref; it is done when the block ends well."""
    import pygit2

    if "\0" in name or not is_utf8(name) or not pygit2.reference_is_valid_name(name):
        raise UsageError(f"`{name}` cannot be the name of a branch.")
    at_end = False
    try:
        with (
            locks.held(worktrees.shared(Path(repository.path)), name),
            pygit2.ReferenceTransaction(repository) as transaction,
        ):
            _lock(repository, transaction, name)
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
