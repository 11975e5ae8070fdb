"""How much of which file a diff changes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FileStat:
    """Lines added to and removed from one file."""

    path: str
    added: int
    removed: int


def diffstat(diff: str) -> list[FileStat]:
    """One entry a file, in the diff's order; a binary file has no lines."""
    from unidiff.patch import PatchSet

    # a file of another encoding stands in the diff with surrogates, which are lines like others
    return [FileStat(file.path, file.added, file.removed) for file in PatchSet(diff)]
