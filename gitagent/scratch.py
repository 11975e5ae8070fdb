"""Private folders that are gone afterwards, whatever a test run has left in them.

Each is locked while it is in use. The kernel lets go of the lock however the process ends, so that
what a dead process has left can be told from what is in use, and removed.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NAME = "[a-z0-9_]" * 8
"""What comes behind the prefix of a private folder, as a pattern for file names."""


@contextmanager
def private_folder(parent: Path | None, prefix: str) -> Iterator[Path]:
    """A new folder that only its owner can enter, under `parent` (None: the system's own place)."""
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    folder, held = _made(parent, prefix)
    try:
        yield folder
    finally:
        remove(folder)
        os.close(held)


def dead(parent: Path, prefix: str) -> list[Path]:
    """The private folders under `parent` that no living process uses."""
    return [folder for folder in sorted(parent.glob(prefix + NAME)) if _is_dead(folder)]


def remove_dead(folder: Path) -> bool:
    """Remove a private folder unless a living process uses it; whether it is gone."""
    held = _alone(folder)
    if held is None:
        return False
    try:
        remove(folder)
    finally:
        os.close(held)
    return not folder.exists()


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, read-only folders included; links stay unfollowed."""
    for place, names, _ in os.walk(folder):
        for name in names:
            _open_up(Path(place, name))
    shutil.rmtree(folder, ignore_errors=True)


def _made(parent: Path | None, prefix: str) -> tuple[Path, int]:
    """A new folder and the lock on it; made again where it was taken for a dead one's meanwhile."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent)).resolve()
        with suppress(FileNotFoundError):
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            _lock(held)
            if folder.is_dir():
                return folder, held
            os.close(held)


def _lock(held: int) -> None:
    import fcntl

    with suppress(OSError):  # a file system without locks: nobody gets it to himself there, either
        fcntl.flock(held, fcntl.LOCK_SH)


def _alone(folder: Path) -> int | None:
    """A handle that holds the lock of a folder alone; None where somebody uses the folder."""
    import fcntl

    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        return None
    return held


def _is_dead(folder: Path) -> bool:
    held = _alone(folder)
    if held is None:
        return False
    os.close(held)
    return True


def _open_up(folder: Path) -> None:
    with suppress(OSError):
        if stat.S_ISDIR(folder.lstat().st_mode):
            folder.chmod(0o700)
