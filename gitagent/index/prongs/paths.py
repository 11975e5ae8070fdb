"""Paths: files whose folders and name speak in the words of a task."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gitagent.index.query import Query
from gitagent.index.snapshot import Snapshot
from gitagent.index.terms import pieces, terms

ENTRIES = ("__init__", "mod", "index", "main", "lib")
"""File names that say nothing: the folder is the name."""
OF_TESTS = ("test", "spec")


def path(query: Query, snapshot: Snapshot, rarity: Mapping[str, float]) -> dict[int, float]:
    """All words of the path; those of a long file name say less each."""
    scores = {}
    for file, words in snapshot.path_terms(query.terms).items():
        score = sum(rarity[t] * query.terms[t] for t in set(words) if t in rarity)
        if score:
            base = snapshot.paths[file].rpartition("/")[2].partition(".")[0]
            scores[file] = score / math.sqrt(max(len(pieces(base.encode(errors="replace"))), 1))
    return scores


def file_name(query: Query, snapshot: Snapshot, rarity: Mapping[str, float]) -> dict[int, float]:
    """The file's own name, by the share of it that the task has."""
    scores = {}
    for file in snapshot.path_terms(query.terms):
        words = [t for t in terms(_called(snapshot.paths[file])) if t not in OF_TESTS]
        known = [rarity[t] for t in words if t in rarity]
        if known:
            scores[file] = sum(known) * len(known) / len(words)
    return scores


def _called(where: str) -> str:
    folders, _, base = where.rpartition("/")
    stem = base.partition(".")[0]
    return folders.rpartition("/")[2] if stem in ENTRIES and folders else stem
