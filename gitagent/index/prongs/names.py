"""Names: files that define or use what the task calls by its name."""

from __future__ import annotations

import math

from gitagent.index import bm25
from gitagent.index.query import Query
from gitagent.index.snapshot import Snapshot


def defines(query: Query, snapshot: Snapshot) -> dict[int, float]:
    scores: dict[int, float] = {}
    for name, files in snapshot.defining(query.names).items():
        worth = query.names[name] * math.log(1 + len(snapshot.paths) / (1 + len(files)))
        for file in files:
            scores[file] = scores.get(file, 0.0) + worth
    return scores


def uses(query: Query, snapshot: Snapshot) -> dict[int, float]:
    scores: dict[int, float] = {}
    for name, files in snapshot.using(query.names).items():
        worth = query.names[name] * bm25.rarity(len(files), len(snapshot.paths))
        for file, count in files.items():
            scores[file] = scores.get(file, 0.0) + worth * count / (count + 2)
    return scores
