"""Copies a folder that a command may write to, where it cannot be laid under another one."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

MOST_BYTES, MOST_FILES = 2_000_000_000, 100_000
_CLONE = 0x40049409  # FICLONE of linux/fs.h: the same blocks under another name


def copied(source: str, target: Path) -> bool:
    """Copy a file or folder; False where it is too large to be copied for each run."""
    if not Path(source).is_dir():
        _copy(source, os.fspath(target))
        return True
    if _too_large(source):
        return False
    shutil.copytree(
        source, target, symlinks=True, copy_function=_copy, ignore_dangling_symlinks=True
    )
    return True


def _too_large(folder: str) -> bool:
    size = files = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                size, files = size + Path(place, name).lstat().st_size, files + 1
        if size > MOST_BYTES or files > MOST_FILES:
            return True
    return False


def _copy(source: str, target: str) -> str:
    import fcntl

    if Path(source).is_symlink():
        return os.fspath(shutil.copy2(source, target, follow_symlinks=False))
    try:
        with open(source, "rb") as old, open(target, "wb") as new:  # noqa: PTH123
            fcntl.ioctl(new.fileno(), _CLONE, old.fileno())
        shutil.copystat(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target
