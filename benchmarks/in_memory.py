"""The search engine over facts that are made on the spot, for benchmarks without a database.

It is `ports.Index` as far as packing needs it: `search` and `outline`. What is read of a blob is
kept for the blobs of the last tree, since the tasks of a repository follow one another in time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from localized import git

from gitagent.domain.code import Definition
from gitagent.domain.context import Hit, Span
from gitagent.git.repository import GitRepo
from gitagent.index import left_out
from gitagent.index.engine import Engine
from gitagent.index.facts import Symbol, facts_of
from gitagent.index.languages import language_of
from gitagent.index.memory import FileTerms, InMemorySnapshot, file_terms
from gitagent.index.snapshot import Commit
from gitagent.index.terms import terms

COMMITS, LONGEST_MESSAGE = 5000, 3000
REGULAR = (0o100644, 0o100755)
Key = tuple[str, str]


@dataclass(frozen=True)
class Said:
    """A commit of the past: when (s), the terms of its message, and what it touched."""

    at: int
    counts: Mapping[str, int]
    paths: tuple[str, ...]


class InMemoryIndex:
    """Searches the tree of one commit at a time; `at` says which."""

    def __init__(self, repo: GitRepo, mirror: Path) -> None:
        self._repo = repo
        self._mirror = mirror
        self._terms: dict[Key, FileTerms | None] = {}
        self._symbols: dict[Key, tuple[Symbol, ...]] = {}
        self._past: dict[str, Said] = {}
        self._commit = ""

    def at(self, commit: str) -> None:
        self._commit = commit

    def search(self, tree: str, query: str, limit: int) -> Sequence[Hit]:
        return Engine(self._snapshot).search(tree, query, limit)

    def outline(self, tree: str, path: str) -> Sequence[Definition]:
        file = next((f for f in self._repo.files(tree) if f.path == path), None)
        if file is None or left_out.by_path(path, file.size):
            return ()
        key = (file.blob, language_of(path))
        if key not in self._symbols:
            self._symbols[key] = facts_of(key[1], self._repo.read(file.blob)).defs
        return [
            Definition(path, s.name, s.kind, Span(s.line, s.end), s.signature, s.scope)
            for s in self._symbols[key]
        ]

    def _snapshot(self, tree: str) -> InMemorySnapshot:
        files: dict[str, FileTerms] = {}
        kept: dict[Key, FileTerms | None] = {}
        for file in self._repo.files(tree):
            if file.mode not in REGULAR or left_out.by_path(file.path, file.size):
                continue
            key = (file.blob, language_of(file.path))
            kept[key] = self._terms[key] if key in self._terms else self._read(key)
            if (found := kept[key]) is not None:
                files[file.path] = found
        self._terms = kept
        return InMemorySnapshot(files, self._commits({path: n for n, path in enumerate(files)}))

    def _read(self, key: Key) -> FileTerms | None:
        data = self._repo.read(key[0])
        facts = facts_of(key[1], data)
        self._symbols[key] = facts.defs
        if facts.skipped:
            return None
        text = left_out.readable(data).decode(errors="replace")
        return file_terms(text, (symbol.name for symbol in facts.defs))

    def _commits(self, numbers: Mapping[str, int]) -> list[Commit]:
        limit = ("--no-merges", "-n", str(COMMITS), self._commit)
        ids = git(self._mirror, "rev-list", *limit).split()
        if missing := [each for each in ids if each not in self._past]:
            self._remember(limit if len(missing) > 50 else ("--no-walk", *missing))
        now = int(git(self._mirror, "log", "-1", "--format=%ct", self._commit))
        return [
            Commit(
                max(0, now - s.at) / 86400, there, len(s.paths), sum(s.counts.values()), s.counts
            )
            for s in (self._past[each] for each in ids)
            if (there := tuple(sorted({numbers[p] for p in s.paths if p in numbers})))
        ]

    def _remember(self, which: Sequence[str]) -> None:
        form = "--format=%x01%H%x02%ct%x02%B%x03"
        said = git(self._mirror, "log", "--name-only", "--no-renames", form, *which)
        for record in said.split("\x01")[1:]:
            head, names = record.split("\x03", 1)
            commit, at, body = head.split("\x02", 2)
            counts = dict(Counter(terms(body[:LONGEST_MESSAGE])))
            self._past[commit] = Said(int(at), counts, tuple(names.strip().splitlines()))
