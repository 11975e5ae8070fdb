"""One tree as the store knows it: its paths, and the few look-ups that a query needs."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gitagent.index.pg.packed import BITS, MOST

Postings = tuple["array[int]", "array[int]"]
"""Positions of files, and how often each holds the term."""

Ask = Callable[[str, Sequence[str]], Mapping[str, "array[int]"]]
"""The packed postings of some terms of a field, in whatever tree."""

Fetch = Callable[[Sequence[int]], Mapping[int, bytes]]
"""The facts of some documents."""


@dataclass(frozen=True)
class Snapshot:
    """The files of a tree by position: path, document and length in words, three lists alike."""

    tree: str
    paths: Sequence[str]
    documents: array[int]
    lengths: array[int]
    ask: Ask
    fetch: Fetch

    def postings(self, field: str, terms: Iterable[str]) -> dict[str, Postings]:
        """By term that the tree holds: the positions of the files that hold it, and how often."""
        asked = list(dict.fromkeys(terms))
        if not asked:
            return {}
        found = {term: self._here(all_) for term, all_ in self.ask(field, asked).items()}
        return {term: found[term] for term in asked if term in found and found[term][0]}

    def facts(self, positions: Iterable[int]) -> dict[int, bytes]:
        """By position: what was stored of the file as it is in this tree."""
        asked = {position: self.documents[position] for position in positions}
        found = self.fetch(sorted(set(asked.values()))) if asked else {}
        return {position: found[number] for position, number in asked.items() if number in found}

    def _here(self, postings: Iterable[int]) -> Postings:
        """Of all documents that hold a term, those of this tree."""
        at = self._at
        positions, counts = array("I"), array("I")
        for posting in postings:
            for position in at.get(posting >> BITS, ()):
                positions.append(position)
                counts.append(posting & MOST)
        return positions, counts

    @cached_property
    def _at(self) -> dict[int, tuple[int, ...]]:
        """Where each document stands; one content may have several paths."""
        found: dict[int, tuple[int, ...]] = {}
        for position, number in enumerate(self.documents):
            found[number] = (*found.get(number, ()), position)
        return found
