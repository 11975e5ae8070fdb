"""A file that a command was told to write: whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from gitagent.errors import UsageError


def write(place: Path, text: str) -> None:
    """Put a text there, in the place of what there was. UsageError where that cannot be done, or
    the place is a link: what it leads to was not named."""
    if place.is_symlink():
        raise UsageError(f"{place} is a link; it was left as it is.", hint="Name the file itself.")
    try:
        _written(place, text.encode(errors="surrogateescape"))
    except OSError as error:
        raise UsageError(f"{place} cannot be written: {error.strerror or error}.") from error


def _written(place: Path, data: bytes) -> None:
    number, name = tempfile.mkstemp(prefix=f".{place.name[:100]}.", dir=place.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            os.fchmod(file.fileno(), _mode(place))
        Path(name).replace(place)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _mode(place: Path) -> int:
    """That of the file that is there, else what a new one would have."""
    if place.exists():
        return place.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
