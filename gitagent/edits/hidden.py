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
