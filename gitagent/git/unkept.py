"""What was written and nothing leads to yet, so that it can be written again.

`git gc --prune=now` removes it and does not ask who is about to point a ref at it. A gc that
begins once the ref has moved finds it; so what counts is the one that began before.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gitagent.errors import Conflict
from gitagent.git import worktrees
from gitagent.git.writing import writing

if TYPE_CHECKING:
    import pygit2

REMEMBERED_BYTES = 4 << 20
TRIES = 5
GC_PID = "gc.pid"
GC_PATIENCE_S = 900.0
PAUSE_S = 0.05


class Unkept:
    """The objects that one repository was given since a ref of ours last moved."""

    def __init__(self, repository: pygit2.Repository) -> None:
        self._repository = repository
        self._objects: dict[str, tuple[int, bytes | None]] = {}

    def written(self, write: Callable[[], pygit2.Oid]) -> pygit2.Oid:
        """What `write` wrote, remembered; but for a large one, of which only the id is."""
        for _ in range(TRIES):
            made = write()
            with suppress(KeyError):  # gone already
                self.remember(str(made))
                return made
        raise self._gone()

    def remember(self, made: str) -> None:
        """An object that somebody else wrote for us; KeyError where it is not there."""
        odb = self._repository.odb
        kind, size = odb.read_header(made)
        self._objects[made] = odb.read(made) if size <= REMEMBERED_BYTES else (kind, None)

    def restore(self) -> None:
        """Write again what is gone; Conflict where that cannot be done."""
        for name, (kind, data) in self._objects.items():
            if self._is_loose(name):
                continue
            if data is not None:
                with writing():  # nothing is written where it is in a pack by now
                    self._repository.odb.write(kind, data)
            elif not self._is_there(name):
                raise self._gone()

    def forget(self) -> None:
        """A ref leads to all of it."""
        self._objects.clear()

    def _is_loose(self, name: str) -> bool:
        return (self._folder / name[:2] / name[2:]).is_file()

    def _is_there(self, name: str) -> bool:
        """By a look at the disk: the database in use may still remember what is gone."""
        import pygit2

        return name in pygit2.Odb(str(self._folder))

    @cached_property
    def _folder(self) -> Path:
        named = os.environ.get("GIT_OBJECT_DIRECTORY")
        return Path(named or worktrees.shared(Path(self._repository.path)) / "objects")

    @staticmethod
    def _gone() -> Conflict:
        return Conflict(
            "A `git gc --prune=now` has removed what was just being written.",
            hint="Nothing of yours is lost. Do it again when the gc has ended.",
        )


def outwait_gc(common: Path) -> None:
    """Return when no gc is at work; Conflict where one goes on and on.

    `common` is the git folder that all worktrees share. A gc on another machine cannot be seen.
    """
    ends = time.monotonic() + GC_PATIENCE_S
    while _gc_at_work(common):
        if time.monotonic() > ends:
            raise Conflict("`git gc` has been at work here for too long to wait for it.")
        time.sleep(PAUSE_S)


def _gc_at_work(common: Path) -> bool:
    try:
        said = (common / GC_PID).read_bytes()
    except OSError:
        return False
    found = re.match(rb"(\d+) (\S+)", said)
    return bool(found and found[2] == socket.gethostname().encode() and _lives(int(found[1])))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
