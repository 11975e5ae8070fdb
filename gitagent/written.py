"""A text in a file that a person has named: whole or not at all, and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

from gitagent.errors import UsageError
from gitagent.failpoints import reach


def check(place: Path, checkout: Path | None) -> None:
    """Raises UsageError where no text can be put, before anything is done for it.

    A link is not followed, and a folder of the checkout that leads out of it is not taken: what
    is committed in a repository must not decide where we write.
    """
    try:
        _check(place, checkout)
    except OSError as error:
        raise UsageError(f"{place} cannot be written: {error.strerror or error}.") from error


def _check(place: Path, checkout: Path | None) -> None:
    beside = _beside(place)
    if place.is_symlink():
        raise UsageError(f"{place} is a link; it is not followed.", hint="Name another file.")
    if beside.is_symlink():
        raise UsageError(f"{beside} is a link; it is not followed.", hint="Remove it.")
    if place.exists() and not place.is_file():
        raise UsageError(f"{place} is no regular file.")
    folder = place.parent
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.")
    if checkout is not None and _leads_out(folder, checkout):
        raise UsageError(f"{folder} leads out of the repository.", hint="Name where it leads.")
    if not os.access(folder, os.W_OK):
        raise UsageError(f"Nothing can be written to {folder}.")


def put(place: Path, text: str) -> None:
    """The text in the place of what was there, with its mode. UsageError where it cannot be
    written.

    The file beside it, which takes its place, is the same in each run: one that a dead process
    left is written over.
    """
    beside = _beside(place)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    try:
        reach("report to be written")
        with os.fdopen(os.open(beside, flags, 0o666), "wb") as file:
            if place.exists():
                os.fchmod(file.fileno(), place.stat().st_mode & 0o777)
            file.write(text.encode("utf-8", "replace"))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
        reach("report written")
    except OSError as error:
        raise UsageError(f"{place} cannot be written: {error}.") from error


def _beside(place: Path) -> Path:
    return place.with_name(f".{place.name}.gitagent")


def _leads_out(folder: Path, checkout: Path) -> bool:
    """Whether a folder that is named as one of the checkout is somewhere else."""
    named = Path(os.path.abspath(folder))  # noqa: PTH100  links are not to be followed yet
    return named.is_relative_to(checkout) and not folder.resolve().is_relative_to(
        checkout.resolve()
    )
