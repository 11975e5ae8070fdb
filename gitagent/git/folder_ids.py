"""The folders of a tree by path, with the ids of their own trees."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gitagent.git import trees
from gitagent.git.repository import GitRepo

if TYPE_CHECKING:
    import pygit2


def folder_ids(repo: GitRepo, tree: str) -> dict[str, str]:
    """The tree id of each folder at any depth; that of the whole is under an empty path."""
    return {"": tree, **dict(_walk(repo.pygit2, tree, ""))}


def _walk(repository: pygit2.Repository, tree: str, prefix: str) -> Iterator[tuple[str, str]]:
    import pygit2

    for entry in repository[tree].peel(pygit2.Tree):
        if int(entry.filemode) == trees.TREE:
            path = prefix + os.fsdecode(entry.raw_name or b"")
            yield path, str(entry.id)
            yield from _walk(repository, str(entry.id), f"{path}/")
