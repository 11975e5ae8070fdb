"""An index that knows all of ports.Index, made of facts on the spot: small, slow and real."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from gitagent.domain.code import Definition, Links, Mention
from gitagent.domain.context import Hit, Span
from gitagent.git.repository import GitRepo
from gitagent.index.facts import Facts, facts_of
from gitagent.index.languages import language_of
from gitagent.index.lexical import LexicalIndex


class KnowingIndex:
    """Implements ports.Index over every file of a tree."""

    def __init__(self, repo: GitRepo) -> None:
        self._repo = repo
        self._search = LexicalIndex(repo)
        self._facts = cache(self._made)

    def search(self, tree: str, query: str, limit: int) -> Sequence[Hit]:
        return self._search.search(tree, query, limit)

    def outline(self, tree: str, path: str) -> Sequence[Definition]:
        return [each for each in self._all(tree) if each.path == path]

    def definitions(self, tree: str, name: str, limit: int) -> Sequence[Definition]:
        wanted = name.lower()
        found = (d for d in self._all(tree) if wanted in (d.name.lower(), d.qualified.lower()))
        return list(found)[:limit]

    def references(self, tree: str, name: str, limit: int) -> Sequence[Mention]:
        defined = {(d.path, d.span.start) for d in self.definitions(tree, name, limit)}
        word = re.compile(rf"\b{re.escape(name)}\b")
        return [
            Mention(path, n, line)
            for path, text in self._texts(tree)
            for n, line in enumerate(text.splitlines(), 1)
            if word.search(line) and (path, n) not in defined
        ][:limit]

    def links(self, tree: str, path: str) -> Links:
        return Links(path, tuple(self.outline(tree, path)))

    def _all(self, tree: str) -> Iterator[Definition]:
        for file in self._repo.files(tree):
            for symbol in self._facts(file.blob, language_of(file.path)).defs:
                span = Span(symbol.line, symbol.end)
                yield Definition(
                    file.path, symbol.name, symbol.kind, span, symbol.signature, symbol.scope
                )

    def _texts(self, tree: str) -> Iterator[tuple[str, str]]:
        for file in self._repo.files(tree):
            yield file.path, self._repo.read(file.blob).decode(errors="replace")

    def _made(self, blob: str, language: str) -> Facts:
        return facts_of(language, self._repo.read(blob))
