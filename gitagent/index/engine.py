"""Searches a commit: all prongs, two of them led by the others, fused.

Windows are read of the files only that the other prongs like, and companions are those of the
best of all that. So a search costs a few look-ups, whatever the size of the repository.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gitagent.domain.context import Hit, Span, is_test
from gitagent.index import query as queries
from gitagent.index import tuning
from gitagent.index.fuse import fused, worth
from gitagent.index.prongs import folders, history, names, paths, text, windows
from gitagent.index.query import Query
from gitagent.index.snapshot import Snapshot, Window

PROSE = (".md", ".rst", ".txt", ".lock", ".json", ".toml", ".yml", ".yaml", ".cfg", ".ini")
MOST_SPANS = 6


Prongs = Mapping[str, Mapping[int, float]]
Weights = Mapping[str, float]


class Vectors(Protocol):
    """What is near to a text in meaning, where somebody makes vectors; it is never waited for."""

    def begin(self, text: str) -> None:
        """The text that will be asked about; called as soon as it is known."""

    def scores(self, text: str, files: Sequence[int]) -> Mapping[int, float]:
        """How near some files are, from 0 to 1; nothing of those that nobody knows that of."""


@dataclass(frozen=True)
class Found:
    """What a search knows in the end: each prong's scores, the windows, the total by file."""

    prongs: Prongs
    windows: Sequence[tuple[float, Window]]
    total: Mapping[int, float]


def search(
    snapshot: Snapshot,
    query: str,
    limit: int,
    weights: Weights = tuning.WEIGHTS,
    vectors: Vectors | None = None,
) -> list[Hit]:
    """The files that a text is about, best first."""
    if vectors:
        vectors.begin(query)

    def near(files: Sequence[int]) -> Mapping[int, float]:
        return vectors.scores(query, files) if vectors else {}

    found = find(queries.read(query), snapshot, weights, near)
    best = heapq.nsmallest(limit, found.total, key=lambda f: (-found.total[f], f))
    spans = _spans(found.windows, set(best))
    worths = {prong: worth(scores, weights[prong]) for prong, scores in found.prongs.items()}
    ranks = {prong: _ranks(scores) for prong, scores in found.prongs.items()}
    hits = []
    for file in best:
        why = _why(worths, file)
        places = tuple(ranks[prong][file] for prong in why)
        score = round(found.total[file], 4)
        hits.append(Hit(snapshot.paths[file], score, why, spans.get(file, ()), places))
    return hits


def find(
    query: Query,
    snapshot: Snapshot,
    weights: Weights,
    near: Callable[[Sequence[int]], Mapping[int, float]] = lambda _files: {},
) -> Found:
    """All prongs over one snapshot; `near` are the vectors', asked last."""
    counted = text.counts(query, snapshot)
    rarity = text.rarities(counted, snapshot)
    told = history.commits(history.alike(query, snapshot), snapshot)
    found = {
        "text": text.text(query, snapshot, counted, rarity),
        "path": paths.path(query, snapshot, rarity),
        "file name": paths.file_name(query, snapshot, rarity),
        "symbol": names.defines(query, snapshot),
        "uses": names.uses(query, snapshot),
        "commits": told["commits"],
    }
    prongs = _without(snapshot.left_out, found)
    liked = _best(_weighed(fused(prongs, weights), snapshot.paths), tuning.WINDOWED)
    places = windows.scored(query, snapshot.windows(liked, query.terms), rarity)
    prongs["windows"] = windows.best(places)
    prongs["vectors"] = dict(near(list(liked)))
    companions = history.companions(snapshot, _seeds(prongs, snapshot.paths, weights))
    further = {"companions": companions, "all commits": told["all commits"]}
    prongs |= _without(snapshot.left_out, further)
    prongs["folder"] = folders.mates(snapshot.paths, _head(prongs, snapshot.paths, weights))
    return Found(prongs, places, total(prongs, snapshot.paths, weights))


def total(prongs: Prongs, where: Sequence[str], weights: Weights) -> dict[int, float]:
    """The score of each file: the first stay the first, ahead of all that gains by what is near."""
    head = _head(prongs, where, weights)
    near = _weighed(fused(_of(prongs, tuning.NEAR), weights), where)
    first = _best(head, tuning.FIRST)
    tail = {f: head.get(f, 0.0) + near.get(f, 0.0) for f in head.keys() | near.keys()}
    ahead = max((score for file, score in tail.items() if file not in first), default=0.0)
    return {**tail, **{file: score + ahead for file, score in first.items()}}


def _head(prongs: Prongs, where: Sequence[str], weights: Weights) -> dict[int, float]:
    """The score of each file without what only orders the tail."""
    return _weighed(fused(_of(prongs, prongs.keys() - tuning.NEAR), weights), where)


def _without(files: Collection[int], prongs: Prongs) -> dict[str, Mapping[int, float]]:
    """The prongs without files that their paths and commits lead to, and no answer may hold."""
    return {
        prong: {file: score for file, score in scores.items() if file not in files}
        for prong, scores in prongs.items()
    }


def _of(prongs: Prongs, names_: Collection[str]) -> Prongs:
    return {name: scores for name, scores in prongs.items() if name in names_}


def _seeds(prongs: Prongs, where: Sequence[str], weights: Weights) -> dict[int, float]:
    """The best so far; cubed, so that one that stands out leads alone."""
    best = _best(_weighed(fused(prongs, weights), where), tuning.SEEDS)
    most = max(best.values(), default=1.0)
    return {file: (score / most) ** 3 for file, score in best.items()}


def _ranks(scores: Mapping[int, float]) -> dict[int, int]:
    order = sorted(scores, key=lambda file: (-scores[file], file))
    return {file: rank for rank, file in enumerate(order, 1)}


def _best(scores: Mapping[int, float], limit: int) -> dict[int, float]:
    files = heapq.nsmallest(limit, scores, key=lambda file: (-scores[file], file))
    return {file: scores[file] for file in files}


def _weighed(scores: Mapping[int, float], where: Sequence[str]) -> dict[int, float]:
    return {file: score * _weight(where[file]) for file, score in scores.items()}


def _weight(path: str) -> float:
    if is_test(path):
        return tuning.TEST_WEIGHT
    return tuning.PROSE_WEIGHT if path.endswith(PROSE) else 1.0


def _why(worths: Mapping[str, Mapping[int, float]], file: int) -> tuple[str, ...]:
    """The prongs that found a file, the one that says most first."""
    alone = [(-found[file], prong) for prong, found in worths.items() if file in found]
    return tuple(prong for _, prong in sorted(alone))


def _spans(places: Sequence[tuple[float, Window]], files: set[int]) -> dict[int, tuple[Span, ...]]:
    """The best windows of each file, in the order of their lines, neighbours merged."""
    by_file: dict[int, list[tuple[float, Window]]] = {}
    for score, window in places:
        if window.file in files:
            by_file.setdefault(window.file, []).append((score, window))
    return {file: _merged(found) for file, found in by_file.items()}


def _merged(found: list[tuple[float, Window]]) -> tuple[Span, ...]:
    best = sorted(found, key=lambda f: (-f[0], f[1].start))[:MOST_SPANS]
    spans: list[Span] = []
    for window in sorted((w for _, w in best), key=lambda w: w.start):
        if spans and window.start <= spans[-1].end + 1:
            spans[-1] = Span(spans[-1].start, window.end)
        else:
            spans.append(Span(window.start, window.end))
    return tuple(spans)
