"""Private folders that are gone afterwards, whatever a test run has left in them."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def private_folder(parent: Path | None, prefix: str) -> Iterator[Path]:
    """A new folder that only its owner can enter, under `parent` (None: the system's own place)."""
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent)).resolve()
    try:
        yield folder
    finally:
        remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, read-only folders included; links stay unfollowed."""
    for place, names, _ in os.walk(folder):
        for name in names:
            _open_up(Path(place, name))
    shutil.rmtree(folder, ignore_errors=True)


def _open_up(folder: Path) -> None:
    with suppress(OSError):
        if stat.S_ISDIR(folder.lstat().st_mode):
            folder.chmod(0o700)
