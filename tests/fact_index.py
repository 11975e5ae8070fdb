"""An index that leaves nothing out, so that what hides files has something to hide.

Made out of the facts of each blob when it is asked; slow, and with no store behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gitagent.domain.code import Definition, Links, Mention
from gitagent.domain.context import Hit, Span
from gitagent.index.facts import Facts, facts_of
from gitagent.index.languages import language_of
from gitagent.ports import Repo


@dataclass(frozen=True)
class FactIndex:
    """Implements ports.Index but for links."""

    repo: Repo

    def search(self, tree: str, query: str, limit: int) -> Sequence[Hit]:
        words = re.compile("|".join(re.findall(r"\w{3,}", query)) or r"(?!)", re.IGNORECASE)
        found = [
            Hit(path, float(len(lines)), ("text",), _near(lines))
            for path, _, text in self._facts(tree)
            if "\0" not in text
            if (lines := [n for n, s in enumerate(text.split("\n"), 1) if words.search(s)])
        ]
        return sorted(found, key=lambda hit: (-hit.score, hit.path))[:limit]

    def outline(self, tree: str, path: str) -> Sequence[Definition]:
        return [each for each in self._all(tree) if each.path == path]

    def definitions(self, tree: str, name: str, limit: int) -> Sequence[Definition]:
        named = (
            d for d in self._all(tree) if name.lower() in (d.name.lower(), d.qualified.lower())
        )
        return list(named)[:limit]

    def references(self, tree: str, name: str, limit: int) -> Sequence[Mention]:
        own = {(d.path, d.span.start) for d in self._all(tree) if d.name == name}
        found = (
            Mention(path, n, line)
            for path, facts, text in self._facts(tree)
            if name in facts.refs
            for n, line in enumerate(text.splitlines(), 1)
            if re.search(rf"\b{re.escape(name)}\b", line) and (path, n) not in own
        )
        return list(found)[:limit]

    def links(self, tree: str, path: str) -> Links:
        raise NotImplementedError

    def _all(self, tree: str) -> Iterator[Definition]:
        for path, facts, _ in self._facts(tree):
            yield from (symbol.at(path) for symbol in facts.defs)

    def _facts(self, tree: str) -> Iterator[tuple[str, Facts, str]]:
        for entry in self.repo.files(tree):
            file = self.repo.file(tree, entry.path)
            if file is not None:
                facts = facts_of(language_of(entry.path), file.data)
                yield entry.path, facts, file.data.decode(errors="replace")


def _near(lines: Sequence[int]) -> tuple[Span, ...]:
    """From the first of the lines to the last, if these are near each other."""
    return (Span(lines[0], min(lines[-1], lines[0] + 12)),)
