"""What is where in a tree, read anew in each command: needs no store, and takes as long as reading.

For what looks at a whole tree once, where no index of it is at hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from gitagent.domain.code import Definition, Links
from gitagent.index import left_out
from gitagent.index.facts import Facts, facts_of
from gitagent.index.languages import language_of
from gitagent.index.links import TreeLinks
from gitagent.ports import Repo, TreeFile

REGULAR = (0o100644, 0o100755)


class AnewIndex:
    """The part of ports.Index that needs no words: `outline` and `links`."""

    def __init__(self, repo: Repo) -> None:
        self._repo = repo
        self._of_tree = cache(self._links)
        self._of_blob = cache(self._facts)

    def outline(self, tree: str, path: str) -> Sequence[Definition]:
        """What a file defines, in the order of its lines."""
        return self._of_tree(tree).defines(path)

    def links(self, tree: str, path: str) -> Links:
        """What a file has to do with others."""
        return self._of_tree(tree).of(path)

    def _links(self, tree: str) -> TreeLinks:
        files = {f.path: f for f in self._repo.files(tree) if _read(f)}

        def facts(paths: Sequence[str]) -> Mapping[str, Facts]:
            made = {path: self._of_blob(files[path].blob, language_of(path)) for path in paths}
            return {path: known for path, known in made.items() if not known.skipped}

        return TreeLinks(list(files), facts)

    def _facts(self, blob: str, language: str) -> Facts:
        return facts_of(language, self._repo.read(blob))


def _read(file: TreeFile) -> bool:
    known = file.mode in REGULAR and not left_out.by_path(file.path, file.size)
    return known and bool(language_of(file.path))
