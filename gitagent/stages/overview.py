"""What is known of the folders, for a planner who sees a few files of many."""

from __future__ import annotations

from collections.abc import Sequence

from gitagent.domain.folder import Folder


def overview(folders: Sequence[Folder], paths: Sequence[str], characters: int) -> tuple[str, ...]:
    """A line for each folder that something was said of, in the order of the tree, as many as fit.

    `paths` are the files that the task is about: folders that hold some of them go before others,
    then those nearer to the top.
    """
    said = [folder for folder in folders if folder.summary]
    lines = {folder.path: f"{_name(folder)}: {folder.summary}" for folder in said}
    kept, left = set(), characters
    for folder in sorted(said, key=lambda f: (-_holding(f, paths), f.depth, f.path)):
        cost = len(lines[folder.path]) + 1
        if cost <= left:
            kept.add(folder.path)
            left -= cost
    return tuple(lines[folder.path] for folder in said if folder.path in kept)


def _name(folder: Folder) -> str:
    return f"{folder.path}/" if folder.path else "All of it"


def _holding(folder: Folder, paths: Sequence[str]) -> int:
    """How many of these files it holds; the whole, which holds all, goes first."""
    return sum(not folder.path or path.startswith(f"{folder.path}/") for path in paths)
