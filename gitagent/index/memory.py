"""Documents for the length of one command: where there is no database, or little to read."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitagent.index.document import Document
    from gitagent.index.store import Entry, Postings


class MemoryStore:
    """Implements store.Store."""

    def __init__(self) -> None:
        self._documents: dict[tuple[str, str], Document] = {}
        self._listings: dict[str, MemoryListing] = {}

    def missing(self, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        return [one for one in dict.fromkeys(wanted) if one not in self._documents]

    def put(self, documents: Sequence[Document]) -> int:
        before = len(self._documents)
        for document in documents:
            self._documents.setdefault((document.object, document.language), document)
        return len(self._documents) - before

    def keep(self, key: str, entries: Sequence[Entry]) -> list[Entry]:
        found = [self._documents.get((entry.object, entry.language)) for entry in entries]
        gone = [entry for entry, document in zip(entries, found, strict=True) if document is None]
        if not gone:
            labels = [entry.label for entry in entries]
            self._listings[key] = MemoryListing(labels, [d for d in found if d is not None])
        return gone

    def listing(self, key: str) -> MemoryListing | None:
        return self._listings.get(key)


@dataclass(frozen=True)
class MemoryListing:
    """Implements store.Listing."""

    labels: Sequence[str]
    documents: Sequence[Document]

    @cached_property
    def lengths(self) -> Sequence[int]:
        return [document.length for document in self.documents]

    def postings(self, field: str, terms: Iterable[str]) -> dict[str, Postings]:
        asked = frozenset(terms)
        found: dict[str, Postings] = {}
        for position, document in enumerate(self.documents):
            counts = document.fields.get(field, {})
            for term in asked & counts.keys():
                positions, often = found.setdefault(term, (array("I"), array("I")))
                positions.append(position)
                often.append(counts[term])
        return found

    def places(self, positions: Iterable[int]) -> dict[int, bytes]:
        return self._fetched(lambda document: document.places, positions)

    def facts(self, positions: Iterable[int]) -> dict[int, bytes]:
        return self._fetched(lambda document: document.facts, positions)

    def skipped(self) -> dict[int, str]:
        return {at: d.skipped for at, d in enumerate(self.documents) if d.skipped}

    def _fetched(
        self, part: Callable[[Document], bytes], positions: Iterable[int]
    ) -> dict[int, bytes]:
        there = {at: self.documents[at] for at in positions}
        return {at: part(document) for at, document in there.items() if not document.skipped}
