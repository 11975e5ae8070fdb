"""Which files no model is shown, whatever it asks for."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch

from gitagent.edits import paths


def why_hidden(path: str, ignore: Sequence[str]) -> str:
    """Why a file is never shown, by its path alone; empty where it may be."""
    if paths.secret(path):
        return "its name says that it holds secrets"
    if not path.isprintable():
        # a name of control characters or stray bytes cannot be written into a prompt
        return "its name cannot be written"
    if any(fnmatch(path, pattern) for pattern in ignore):
        return "`context.ignore` leaves it out"
    return ""


def meant(path: str, known: Sequence[str]) -> str:
    """The one of `known` that a path means: itself, or the only one that ends so; else empty."""
    wanted = path.strip().removeprefix("./")
    if wanted in known:
        return wanted
    ends = [each for each in known if wanted and each.endswith(f"/{wanted}")]
    return ends[0] if len(ends) == 1 else ""
