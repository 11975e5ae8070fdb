"""History: what was changed by commits that read like the task, and what changes together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from gitagent.index import bm25, tuning
from gitagent.index.query import Query
from gitagent.index.snapshot import Commit, Snapshot

Alike = Sequence[tuple[float, Commit]]
"""Commits with how much their messages read like the task."""


def alike(query: Query, snapshot: Snapshot) -> Alike:
    said = snapshot.saying(query.terms)
    rarity = _rarities(said, snapshot.commits)
    return [(_likeness(query, commit, rarity, snapshot), commit) for commit in said]


def commits(said: Alike) -> dict[int, float]:
    """Files by the messages of the late commits that touched them.

    Likeness is squared: of a hundred commits that share a word, the few that read alike count.
    """
    late = [(s * s * _left(c, tuning.MESSAGE_HALF_LIFE), c) for s, c in said]
    return _touched(late, tuning.MESSAGES)


def all_commits(said: Alike) -> dict[int, float]:
    """Files by the messages of many commits, however old, that touched them."""
    return _touched(said, tuning.ALL_MESSAGES)


def _touched(said: Alike, limit: int) -> dict[int, float]:
    scores: dict[int, float] = {}
    for score, commit in sorted(said, key=lambda each: -each[0])[:limit]:
        if commit.touched <= tuning.LARGEST_TOLD:
            for file in commit.files:
                scores[file] = scores.get(file, 0.0) + score / commit.touched
    return scores


def _rarities(said: Sequence[Commit], known: int) -> dict[str, float]:
    found: dict[str, int] = {}
    for commit in said:
        for term in commit.counts:
            found[term] = found.get(term, 0) + 1
    return {term: bm25.rarity(count, known) for term, count in found.items()}


def _likeness(
    query: Query, commit: Commit, rarity: Mapping[str, float], snapshot: Snapshot
) -> float:
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
        if commit.touched > tuning.LARGEST_SHARED:
            continue
        fresh = _left(commit, tuning.COMPANION_HALF_LIFE)
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


def _left(commit: Commit, half_life: float) -> float:
    return float(2 ** (-commit.age / half_life))
