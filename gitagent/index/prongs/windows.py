"""Windows: files in which the words of a task stand together, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gitagent.index import bm25, tuning
from gitagent.index.query import Query
from gitagent.index.snapshot import Window


def scored(
    query: Query, windows: Sequence[Window], rarity: Mapping[str, float]
) -> list[tuple[float, Window]]:
    """Each window with its score."""
    mean = sum(w.length for w in windows) / max(len(windows), 1) or 1.0
    return [(_score(query, window, rarity, mean), window) for window in windows]


def best(scores: Sequence[tuple[float, Window]]) -> dict[int, float]:
    """Each file by its best window."""
    found: dict[int, float] = {}
    for score, window in scores:
        found[window.file] = max(score, found.get(window.file, 0.0))
    return found


def _score(query: Query, window: Window, rarity: Mapping[str, float], mean: float) -> float:
    return sum(
        rarity.get(term, 0.0)
        * query.terms[term]
        * bm25.weight(count, window.length / mean, tuning.K1, tuning.B)
        for term, count in window.counts.items()
    )
