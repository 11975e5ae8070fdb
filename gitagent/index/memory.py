"""A snapshot in memory, for a repository without a database, and for tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gitagent.index import tuning
from gitagent.index.snapshot import Commit, Postings, Window
from gitagent.index.terms import WORD, name, parts, stem, terms


@dataclass(frozen=True)
class WindowTerms:
    """Lines `start` to `end` and how often each term is there."""

    start: int
    end: int
    counts: Mapping[str, int]

    @cached_property
    def length(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class FileTerms:
    """What a search needs of a blob: its windows, and the names it uses and defines.

    `uses` has names of several words only: the others are terms.
    """

    windows: tuple[WindowTerms, ...]
    uses: Mapping[str, int]
    defines: frozenset[str]

    @cached_property
    def counts(self) -> Mapping[str, int]:
        total: Counter[str] = Counter()
        for window in self.windows:
            total.update(window.counts)
        return total

    @cached_property
    def length(self) -> int:
        return sum(window.length for window in self.windows)


def file_terms(text: str, defined: Iterable[str]) -> FileTerms:
    """The terms of a file's text; `defined` are the names of its definitions, unqualified."""
    lines = text.split("\n")
    used: Counter[str] = Counter()
    found = []
    for start in range(0, len(lines), tuning.WINDOW_LINES):
        window = lines[start : start + tuning.WINDOW_LINES]
        counts: Counter[str] = Counter()
        for word, count in Counter(WORD.findall("\n".join(window))).items():
            pieces = parts(word)
            for piece in pieces:
                counts[stem(piece)] += count
            if name(word) not in pieces:
                used[name(word)] += count
        found.append(WindowTerms(start + 1, start + len(window), dict(counts)))
    return FileTerms(tuple(found), dict(used), frozenset(map(name, defined)))


class InMemorySnapshot:
    """Implements snapshot.Snapshot; `past` are commits whose `counts` are whole messages'."""

    def __init__(self, files: Mapping[str, FileTerms], past: Sequence[Commit] = ()) -> None:
        self.paths: Sequence[str] = tuple(files)
        self.path_terms: Sequence[tuple[str, ...]] = [tuple(terms(path)) for path in files]
        self.lengths: Sequence[int] = [file.length for file in files.values()]
        self.commits = len(past)
        self.message_length = sum(c.length for c in past) / max(len(past), 1)
        self._files = tuple(files.values())
        self._past = past

    def postings(self, terms: Collection[str]) -> Postings:
        return self._having(terms, [file.counts for file in self._files])

    def using(self, names: Collection[str]) -> Postings:
        return self._having(names, [file.uses for file in self._files])

    def defining(self, names: Collection[str]) -> Mapping[str, Sequence[int]]:
        asked = frozenset(names)
        found: dict[str, list[int]] = {}
        for number, file in enumerate(self._files):
            for each in asked & file.defines:
                found.setdefault(each, []).append(number)
        return found

    def windows(self, files: Collection[int], terms: Collection[str]) -> Sequence[Window]:
        asked = frozenset(terms)
        return [
            Window(number, w.start, w.end, w.length, {t: w.counts[t] for t in there})
            for number in files
            for w in self._files[number].windows
            if (there := asked & w.counts.keys())
        ]

    def saying(self, terms: Collection[str]) -> Sequence[Commit]:
        asked = frozenset(terms)
        return [
            replace(commit, counts={t: commit.counts[t] for t in there})
            for commit in self._past
            if (there := asked & commit.counts.keys())
        ]

    def touching(self, files: Collection[int]) -> Sequence[Commit]:
        asked = frozenset(files)
        return [commit for commit in self._past if not asked.isdisjoint(commit.files)]

    @staticmethod
    def _having(asked: Collection[str], counts: Sequence[Mapping[str, int]]) -> Postings:
        wanted = frozenset(asked)
        found: dict[str, list[tuple[int, int]]] = {}
        for number, there in enumerate(counts):
            for each in wanted & there.keys():
                found.setdefault(each, []).append((number, there[each]))
        return found
