"""A listing as the store knows it: its labels, and the few look-ups that a query needs."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from gitagent.index.pg.packed import BITS, MOST

if TYPE_CHECKING:
    from gitagent.index.store import Postings

Ask = Callable[[str, Sequence[str]], Mapping[str, "array[int]"]]
"""The packed postings of some terms of a field, in whatever listing."""

Fetch = Callable[[str, Sequence[int]], Mapping[int, bytes]]
"""The `places` or `facts` of some documents."""

Reasons = Callable[[Sequence[int]], Mapping[int, str]]
"""Why nothing is known of some documents, of which nothing is."""


@dataclass(frozen=True)
class PgListing:
    """Implements store.Listing."""

    labels: Sequence[str]
    documents: array[int]
    lengths: array[int]
    ask: Ask
    fetch: Fetch
    reasons: Reasons

    def postings(self, field: str, terms: Iterable[str]) -> dict[str, Postings]:
        asked = list(dict.fromkeys(terms))
        if not asked:
            return {}
        found = {term: self._here(all_) for term, all_ in self.ask(field, asked).items()}
        return {term: found[term] for term in asked if term in found and found[term][0]}

    def places(self, positions: Iterable[int]) -> dict[int, bytes]:
        return self._fetched("places", positions)

    def facts(self, positions: Iterable[int]) -> dict[int, bytes]:
        return self._fetched("facts", positions)

    def skipped(self) -> dict[int, str]:
        # of what has terms something is known, so few need be asked for
        lengths = zip(self.documents, self.lengths, strict=True)
        found = self.reasons([number for number, length in lengths if not length])
        return {at: found[number] for at, number in enumerate(self.documents) if number in found}

    def _fetched(self, what: str, positions: Iterable[int]) -> dict[int, bytes]:
        asked = {position: self.documents[position] for position in positions}
        found = self.fetch(what, sorted(set(asked.values()))) if asked else {}
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
