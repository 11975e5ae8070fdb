"""History: what was changed by commits that read like the task, and what changes together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from gitagent.index import bm25, tuning
from gitagent.index.query import Query
from gitagent.index.snapshot import Said, Snapshot, Touched

Alike = Sequence[tuple[float, Said]]
"""Commits with how much their messages read like the task."""


def alike(query: Query, snapshot: Snapshot) -> Alike:
    said = snapshot.saying(query.terms)
    rarity = _rarities(said, snapshot.commits)
    return [(_likeness(query, commit, rarity, snapshot), commit) for commit in said]


def commits(said: Alike, snapshot: Snapshot) -> dict[str, dict[int, float]]:
    """Two prongs: files by the messages of the late commits that touched them, and by those of
    many commits, however old.

    The likeness of the late is squared: of a hundred commits that share a word, the few that read
    alike count.
    """
    late = [(s * s * _left(c.age, tuning.MESSAGE_HALF_LIFE), c) for s, c in said]
    few, many = _best(late, tuning.MESSAGES), _best(said, tuning.ALL_MESSAGES)
    changes = snapshot.changed({commit.commit for _, commit in (*few, *many)})
    return {"commits": _touched(few, changes), "all commits": _touched(many, changes)}


def _best(said: Alike, limit: int) -> Alike:
    return sorted(said, key=lambda each: (-each[0], each[1].commit))[:limit]


def _touched(said: Alike, changes: Mapping[int, Touched]) -> dict[int, float]:
    scores: dict[int, float] = {}
    for score, commit in said:
        change = changes.get(commit.commit)
        if change and change.paths <= tuning.LARGEST_TOLD:
            for file in change.files:
                scores[file] = scores.get(file, 0.0) + score / change.paths
    return scores


def _rarities(said: Sequence[Said], known: int) -> dict[str, float]:
    found: dict[str, int] = {}
    for commit in said:
        for term in commit.counts:
            found[term] = found.get(term, 0) + 1
    return {term: bm25.rarity(count, known) for term, count in found.items()}


def _likeness(query: Query, commit: Said, rarity: Mapping[str, float], snapshot: Snapshot) -> float:
    length = commit.length / (snapshot.message_length or 1.0)
    return sum(
        rarity[term]
        * query.terms[term]
        * bm25.weight(count, length, tuning.MESSAGE_K1, tuning.MESSAGE_B)
        for term, count in commit.counts.items()
    )


def companions(snapshot: Snapshot, seeds: Mapping[int, float]) -> dict[int, float]:
    """Files that were changed along with the seeds, by how often it was so."""
    changes = dict.fromkeys(seeds, 0.0)
    shared: dict[tuple[int, int], float] = {}
    for commit in snapshot.touching(seeds):
        if commit.paths > tuning.LARGEST_SHARED:
            continue
        fresh = _left(commit.age, tuning.COMPANION_HALF_LIFE)
        each = fresh / math.sqrt(max(len(commit.files) - 1, 1))
        for seed in (file for file in commit.files if file in seeds):
            changes[seed] += fresh
            for file in commit.files:
                if file != seed:
                    shared[seed, file] = shared.get((seed, file), 0.0) + each
    scores: dict[int, float] = {}
    for (seed, file), weight in shared.items():
        gain = seeds[seed] * weight / (changes[seed] + tuning.COMPANION_DOUBT)
        scores[file] = scores.get(file, 0.0) + gain
    return scores


def _left(age: float, half_life: float) -> float:
    return float(2 ** (-age / half_life))
