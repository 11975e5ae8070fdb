"""The files of a tree by the names that a command's output gives them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from gitagent.edits import mentions, paths
from gitagent.errors import Refused
from gitagent.ports import Repo

LARGEST = 400_000
"""Characters of a test file that is looked into."""


def reader(repo: Repo, tree: str) -> Callable[[str], str | None]:
    """Reads a file of `tree` by its path or, where only one has such an end, by the end of it: a
    command of a package names its files from there."""

    @cache
    def known() -> list[str]:
        return [file.path for file in repo.files(tree)]

    @cache
    def read(path: str) -> str | None:
        try:
            file = repo.file(tree, paths.check(path))
        except Refused:
            return None
        found = "" if file else mentions.meant(path, known())
        file = repo.file(tree, found) if found else file
        return None if file is None else file.data[:LARGEST].decode(errors="replace")

    return read
