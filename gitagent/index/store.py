"""Where documents are kept, and listed: a tree's files, or a commit's past."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gitagent.index.document import Document

Postings = tuple["array[int]", "array[int]"]
"""Positions in a listing, and how often each holds the term."""


@dataclass(frozen=True)
class Entry:
    """One of a listing: its label (the path of a file, the time of a commit), its object, and the
    language that this is read in."""

    label: str
    object: str
    language: str


class Listing(Protocol):
    """Documents in an order, by position: their labels and their lengths in terms."""

    @property
    def labels(self) -> Sequence[str]: ...

    @property
    def lengths(self) -> Sequence[int]: ...

    def postings(self, field: str, terms: Iterable[str]) -> Mapping[str, Postings]:
        """By term that the listing holds: the positions of those that hold it, and how often."""

    def places(self, positions: Iterable[int]) -> Mapping[int, bytes]:
        """By position: the places of its document, where it has some."""

    def facts(self, positions: Iterable[int]) -> Mapping[int, bytes]:
        """By position: the facts of its document, where it has some."""

    def skipped(self) -> Mapping[int, str]:
        """By position: why nothing is known of it, for those of which nothing is."""


class Store(Protocol):
    """Documents by object and language, and listings of them by an id in hexadecimal."""

    def missing(self, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Of objects and their languages, those that are not stored, each once."""

    def put(self, documents: Sequence[Document]) -> int:
        """Store documents; how many were new. Those that are there stay as they are."""

    def keep(self, key: str, entries: Sequence[Entry]) -> list[Entry]:
        """Keep a listing; what comes back is not stored, and then nothing is kept."""

    def listing(self, key: str) -> Listing | None:
        """A listing that was kept; None where it was not, or is kept no longer."""
