"""Room on the disk: what cannot be written is said, and what must be has its room kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gitagent.errors import Unwritable
from gitagent.failpoints import reach
from gitagent.git import disk

BALLAST = "gitagent/room"
BALLAST_BYTES = 2 << 20


@contextmanager
def writing(what: str = "The repository") -> Iterator[None]:
    """Raises Unwritable where the block cannot write."""
    import pygit2

    try:
        yield
    except (OSError, pygit2.GitError) as error:
        raise Unwritable(f"{what} cannot be written to: {error}.") from error


def sync(folder: Path) -> None:
    """Put on the disk which names are in a folder.

    libgit2 does so for the folder of each file that it writes, not for the one above it where it
    had to make that folder.
    """
    with writing():
        disk.fsync(folder)


def hold_room(common: Path, task_id: str) -> None:
    """Keep room on the disk for an answer before it is paid for; Unwritable where there is none."""
    place = common / BALLAST / task_id
    if _is_held(place):
        return
    with writing():
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("wb") as ballast:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(ballast.fileno(), 0, BALLAST_BYTES)
            else:
                ballast.write(bytes(BALLAST_BYTES))
    reach("room held")


def leave_room(common: Path, task_id: str) -> bool:
    """Give the room back that was held; whether there was any."""
    with suppress(OSError):
        (common / BALLAST / task_id).unlink()
        reach("room left")
        return True
    return False


def _is_held(place: Path) -> bool:
    try:
        return place.stat().st_blocks * 512 >= BALLAST_BYTES
    except OSError:
        return False


def held_rooms(common: Path) -> list[str]:
    """The tasks for which room is held; of dead ones, too."""
    return sorted(place.name for place in (common / BALLAST).glob("*"))
