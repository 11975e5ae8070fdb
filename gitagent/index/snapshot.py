"""What a search asks of a commit's index, in the fewest and cheapest look-ups.

Files are numbered, 0 to n-1, in the order of `paths`. Every method but the properties is called at
most once a search, and is given only what the query needs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Postings = Mapping[str, Sequence[tuple[int, int]]]
"""Of a term or name: the files that have it, and how often."""


@dataclass(frozen=True)
class Window:
    """Lines `start` to `end` of a file, how many terms they have, and those of the query."""

    file: int
    start: int
    end: int
    length: int
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Commit:
    """An ancestor of the commit (or itself): `age` in days before it, `files` that still exist.

    `touched` counts all paths it changed, `length` the terms of its message; `counts` has those of
    the query, and is empty where none were asked for.
    """

    age: float
    files: tuple[int, ...]
    touched: int
    length: int
    counts: Mapping[str, int]


class Snapshot(Protocol):
    """One commit's files and past."""

    @property
    def paths(self) -> Sequence[str]: ...

    @property
    def path_terms(self) -> Sequence[tuple[str, ...]]:
        """The terms of each path, folders and all."""

    @property
    def lengths(self) -> Sequence[int]:
        """How many terms each file has."""

    @property
    def commits(self) -> int:
        """How many commits of the past are known, merges left out."""

    @property
    def message_length(self) -> float:
        """The mean number of terms in their messages."""

    def postings(self, terms: Collection[str]) -> Postings: ...

    def using(self, names: Collection[str]) -> Postings:
        """Files that have a name made of several words."""

    def defining(self, names: Collection[str]) -> Mapping[str, Sequence[int]]: ...

    def windows(self, files: Collection[int], terms: Collection[str]) -> Sequence[Window]:
        """The windows of these files that have one of the terms at least."""

    def saying(self, terms: Collection[str]) -> Sequence[Commit]:
        """Commits whose message has one of the terms."""

    def touching(self, files: Collection[int]) -> Sequence[Commit]:
        """Commits that changed one of the files."""
