"""Objects that should be there and are not: a clone can be partial, a disk can be broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gitagent.errors import MissingObject


@contextmanager
def present(partial: Callable[[], bool]) -> Iterator[None]:
    """Raises MissingObject where the block does not find an object, or cannot read it.

    `partial` says whether the repository was cloned without some of its objects.
    """
    import pygit2

    try:
        yield
    except (KeyError, pygit2.GitError) as error:
        if partial():
            raise MissingObject(
                "This is a partial clone, and what is needed of it is not here.",
                hint="Fetch it: `git fetch --refetch --no-filter`.",
            ) from error
        raise MissingObject(f"An object of the repository cannot be read: {error}.") from error
