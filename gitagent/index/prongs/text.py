"""Full text: files in which the words of a task are frequent."""

from __future__ import annotations

from collections.abc import Mapping

from gitagent.index import bm25, tuning
from gitagent.index.query import Query
from gitagent.index.snapshot import Snapshot


def counts(query: Query, snapshot: Snapshot) -> dict[str, dict[int, int]]:
    """How often each term of the query is in each file that has it, its path included."""
    found = {term: dict(files) for term, files in snapshot.postings(query.terms).items()}
    for file, terms in snapshot.path_terms(query.terms).items():
        for term in terms:
            if term in query.terms:
                files = found.setdefault(term, {})
                files[file] = files.get(file, 0) + tuning.PATH_COUNT
    return found


def rarities(counted: Mapping[str, Mapping[int, int]], snapshot: Snapshot) -> dict[str, float]:
    """The weight of each term by how few files have it."""
    return {t: bm25.rarity(len(files), len(snapshot.paths)) for t, files in counted.items()}


def text(
    query: Query,
    snapshot: Snapshot,
    counted: Mapping[str, Mapping[int, int]],
    rarity: Mapping[str, float],
) -> dict[int, float]:
    mean = sum(snapshot.lengths) / max(len(snapshot.lengths), 1) or 1.0
    scores: dict[int, float] = {}
    for term, files in counted.items():
        worth = rarity[term] * query.terms[term]
        for file, count in files.items():
            length = snapshot.lengths[file] / mean
            gain = worth * bm25.weight(count, length, tuning.K1, tuning.B)
            scores[file] = scores.get(file, 0.0) + gain
    return scores
