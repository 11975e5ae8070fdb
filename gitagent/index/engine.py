"""Searches a commit: all prongs, two of them led by the others, fused.

Windows are read of the files only that the other prongs like, and companions are those of the
best of all that. So a search costs a few look-ups, whatever the size of the repository.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gitagent.domain.context import Hit, Span, is_test
from gitagent.index import query as queries
from gitagent.index import tuning
from gitagent.index.fuse import fused, worth
from gitagent.index.prongs import folders, history, names, paths, text, windows
from gitagent.index.query import Query
from gitagent.index.snapshot import Snapshot, Window

PROSE = (".md", ".rst", ".txt", ".lock", ".json", ".toml", ".yml", ".yaml", ".cfg", ".ini")
MOST_SPANS = 6


@dataclass(frozen=True)
class Found:
    """What a search knows in the end: each prong's scores, the windows, the total by file."""

    prongs: Mapping[str, Mapping[int, float]]
    windows: Sequence[tuple[float, Window]]
    total: Mapping[int, float]


class Engine:
    """Implements ports.Index over whatever opens the snapshot of a tree."""

    def __init__(self, opened: Callable[[str], Snapshot]) -> None:
        self._opened = opened

    def search(self, tree: str, query: str, limit: int) -> Sequence[Hit]:
        snapshot = self._opened(tree)
        found = find(queries.read(query), snapshot)
        best = heapq.nsmallest(limit, found.total, key=lambda f: (-found.total[f], f))
        spans = _spans(found.windows, set(best))
        worths = {prong: worth(prong, scores) for prong, scores in found.prongs.items()}
        return [
            Hit(
                snapshot.paths[file],
                round(found.total[file], 4),
                _why(worths, file),
                spans.get(file, ()),
            )
            for file in best
        ]


def find(query: Query, snapshot: Snapshot) -> Found:
    """All prongs over one snapshot."""
    counted = text.counts(query, snapshot)
    rarity = text.rarities(counted, snapshot)
    said = history.alike(query, snapshot)
    prongs = {
        "text": text.text(query, snapshot, counted, rarity),
        "path": paths.path(query, snapshot, rarity),
        "file name": paths.file_name(snapshot, rarity),
        "defines": names.defines(query, snapshot),
        "uses": names.uses(query, snapshot),
        "commits": history.commits(said),
    }
    liked = _best(_weighed(fused(prongs), snapshot), tuning.WINDOWED)
    places = windows.scored(query, snapshot.windows(liked, query.terms), rarity)
    prongs["windows"] = windows.best(places)
    prongs["companions"] = history.companions(snapshot, _seeds(prongs, snapshot))
    total = _weighed(fused(prongs), snapshot)
    near = {"folder": folders.mates(snapshot, total), "all commits": history.all_commits(said)}
    return Found({**prongs, **near}, places, _with_tail(total, _weighed(fused(near), snapshot)))


def _with_tail(total: dict[int, float], near: Mapping[int, float]) -> dict[int, float]:
    """The first stay the first, ahead of all that gains by what is near."""
    first = _best(total, tuning.FIRST)
    tail = {f: total.get(f, 0.0) + near.get(f, 0.0) for f in total.keys() | near.keys()}
    ahead = max((score for file, score in tail.items() if file not in first), default=0.0)
    return {**tail, **{file: score + ahead for file, score in first.items()}}


def _seeds(prongs: Mapping[str, Mapping[int, float]], snapshot: Snapshot) -> dict[int, float]:
    """The best so far; cubed, so that one that stands out leads alone."""
    best = _best(_weighed(fused(prongs), snapshot), tuning.SEEDS)
    most = max(best.values(), default=1.0)
    return {file: (score / most) ** 3 for file, score in best.items()}


def _best(total: Mapping[int, float], limit: int) -> dict[int, float]:
    files = heapq.nsmallest(limit, total, key=lambda file: (-total[file], file))
    return {file: total[file] for file in files}


def _weighed(total: Mapping[int, float], snapshot: Snapshot) -> dict[int, float]:
    return {file: score * _weight(snapshot.paths[file]) for file, score in total.items()}


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
