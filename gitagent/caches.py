"""What we keep outside of the repository and can do without: how much it is, what is left over.

Nothing here holds state: a task goes on without any of it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gitagent import scratch

PRIVATE = (("gate", "gate-"), ("sandbox", "gate-"), (".", "dry-"), (".", "replay-"))
"""Where private folders are made, and with which prefix."""


def runs(cache: Path) -> Path:
    """Where it is kept what the gate's commands said of trees."""
    return cache / "runs"


def left_over(cache: Path) -> list[Path]:
    """Private folders whose process has died."""
    return [folder for place, prefix in PRIVATE for folder in scratch.dead(cache / place, prefix)]


def sweep(cache: Path) -> list[Path]:
    """Remove what dead processes have left; what a living one uses stays."""
    return [folder for folder in left_over(cache) if scratch.remove_dead(folder)]


def size(folder: Path) -> int:
    """Bytes of all files under a folder; links are not followed, what cannot be read is 0."""
    return sum(_sizes(folder))


def _sizes(folder: Path) -> Iterator[int]:
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                yield Path(place, name).lstat().st_size
