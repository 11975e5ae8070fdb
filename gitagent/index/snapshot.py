"""What a search asks of a commit's index, in the fewest and cheapest look-ups.

Files are numbered, 0 to n-1, in the order of `paths`, commits in that of their age. Every method
is called at most once a search, and is given only what the query needs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from gitagent.index import past, places
from gitagent.index.memory import MemoryListing
from gitagent.index.terms import STEM, terms

if TYPE_CHECKING:
    from gitagent.index.store import Listing

Counts = Mapping[str, Mapping[int, int]]
"""Of a term or name: the files that have it, and how often."""

DAY_S = 86_400
MOST_ASKED = 2000
"""Commits that are looked into for what was changed together, the newest ones."""


@dataclass(frozen=True)
class Window:
    """Lines `start` to `end` of a file, how many terms they have, and those of the query."""

    file: int
    start: int
    end: int
    length: int
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Said:
    """A commit whose message has terms of the query; `age` in days, `length` in terms."""

    commit: int
    age: float
    length: int
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Touched:
    """What a commit changed: `files` still exist, `paths` counts all."""

    age: float
    files: tuple[int, ...]
    paths: int


class Snapshot:
    """One commit's files and past, out of two listings.

    The labels of the past are UNIX times, newest first.
    """

    def __init__(self, files: Listing, before: Listing | None = None) -> None:
        self._files = files
        self._past: Listing = before or MemoryListing((), ())
        self.paths = files.labels
        self.lengths = files.lengths
        self.commits = len(self._past.labels)
        self._path_terms: dict[frozenset[str], Mapping[int, Sequence[str]]] = {}

    def path_terms(self, asked: Collection[str]) -> Mapping[int, Sequence[str]]:
        """The terms of each path, folders and all, of those that have one of the asked terms, and
        of some that have none."""
        key = frozenset(asked)
        if key not in self._path_terms:
            may = re.compile("|".join(sorted({re.escape(term[:STEM]) for term in key})))
            self._path_terms[key] = {
                file: terms(path)
                for file, path in enumerate(self.paths)
                if key and (not path.isascii() or may.search(path.lower()))
            }
        return self._path_terms[key]

    @cached_property
    def message_length(self) -> float:
        """The mean number of terms in a message."""
        return sum(self._past.lengths) / max(self.commits, 1)

    def file(self, path: str) -> int | None:
        """The number of a path; None where it is not indexed."""
        return self._numbers.get(path)

    def postings(self, asked: Iterable[str]) -> Counts:
        return self._counts("text", asked)

    def using(self, names: Iterable[str]) -> Counts:
        """Files that have a name made of several words."""
        return self._counts("names", names)

    def defining(self, names: Iterable[str]) -> Counts:
        return self._counts("defines", names)

    def windows(self, files: Collection[int], asked: Collection[str]) -> Sequence[Window]:
        """The windows of these files that have one of the terms at least."""
        found: list[Window] = []
        for file, data in self._files.places(files).items():
            where = places.decode(data)
            for number, counts in where.windows(asked):
                start, end = where.span(number)
                found.append(Window(file, start, end, where.lengths[number], counts))
        return found

    def facts(self, files: Iterable[int]) -> Mapping[int, bytes]:
        return self._files.facts(files)

    @cached_property
    def left_out(self) -> Collection[int]:
        """Files of which nothing but the path is known; they are in no answer."""
        return self._files.skipped().keys()

    def saying(self, asked: Iterable[str]) -> Sequence[Said]:
        """Commits whose message has one of the terms."""
        found: dict[int, dict[str, int]] = {}
        for term, (commits, counts) in self._past.postings("message", asked).items():
            for commit, count in zip(commits, counts, strict=True):
                found.setdefault(commit, {})[term] = count
        lengths = self._past.lengths
        return [Said(c, self._age(c), lengths[c], counts) for c, counts in found.items()]

    def changed(self, commits: Collection[int]) -> Mapping[int, Touched]:
        """By commit: what it changed."""
        return {
            commit: Touched(self._age(commit), self._living(paths), count)
            for commit, data in self._past.facts(commits).items()
            for count, paths in [past.touched(data)]
        }

    def touching(self, files: Collection[int]) -> Sequence[Touched]:
        """Commits that changed one of the files."""
        names = {self.paths[file].rpartition("/")[2] for file in files}
        found = (commits for commits, _ in self._past.postings("touched", names).values())
        newest = sorted({commit for commits in found for commit in commits})[:MOST_ASKED]
        asked = frozenset(files)
        return [t for t in self.changed(newest).values() if not asked.isdisjoint(t.files)]

    def often(self) -> Mapping[int, float]:
        """By file: how many commits changed it, of those that are known."""
        changes = self.changed(range(self.commits)).values()
        return Counter(file for change in changes for file in change.files)

    def _counts(self, field: str, asked: Iterable[str]) -> Counts:
        found = self._files.postings(field, asked)
        return {term: dict(zip(*both, strict=True)) for term, both in found.items()}

    def _age(self, commit: int) -> float:
        newest, its = int(self._past.labels[0]), int(self._past.labels[commit])
        return max(0.0, (newest - its) / DAY_S)

    def _living(self, paths: Iterable[str]) -> tuple[int, ...]:
        found = {self._now(path) for path in paths}
        return tuple(sorted(file for file in found if file is not None))

    def _now(self, path: str) -> int | None:
        """The file that a path of the past means: it may have moved since."""
        if path not in self._moved:
            self._moved[path] = self._likeliest(path)
        return self._moved[path]

    def _likeliest(self, path: str) -> int | None:
        alike = self._by_name.get(path.rpartition("/")[2], [])
        best = max(alike, key=lambda file: _shared(self.paths[file], path), default=None)
        if best is None or (len(alike) > 1 and _shared(self.paths[best], path) < 2):
            return None
        return best

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return {path: file for file, path in enumerate(self.paths)}

    @cached_property
    def _moved(self) -> dict[str, int | None]:
        return dict(self._numbers)

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[int]]:
        found: dict[str, list[int]] = {}
        for file, path in enumerate(self.paths):
            found.setdefault(path.rpartition("/")[2], []).append(file)
        return found


def _shared(path: str, other: str) -> int:
    """How many parts two paths have in common, from their ends."""
    count = 0
    for one, two in zip(path.split("/")[::-1], other.split("/")[::-1], strict=False):
        if one != two:
            break
        count += 1
    return count
