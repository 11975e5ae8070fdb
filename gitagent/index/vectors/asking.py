"""What is near to a query, of what has a vector: asked for beside the search, never waited for."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from gitagent.errors import AgentError
from gitagent.index.pg.vectors import Near, VectorStore
from gitagent.index.vectors.texts import query_digest
from gitagent.ports import Embedder

LONGEST_QUERY = 4_000
"""Characters of a task that are embedded."""


@dataclass
class _Asked:
    """A query on its way; `vector` and `failed` are set before `over` is."""

    over: threading.Event = field(default_factory=threading.Event)
    vector: Sequence[float] | None = None
    failed: str = ""
    kept: bool = False


class Nearby:
    """Nearest places for queries. `begin` is called as soon as the query is known, `nearest` when
    the rest of the search is done: whoever comes too early gets nothing, and `said` says why.

    A vector that comes too late is there for the same query's next search.
    """

    def __init__(self, store: VectorStore, embedder: Embedder, *, patience_s: float = 0.0) -> None:
        self._store = store
        self._embedder = embedder
        self._patience_s = patience_s
        self._asked: dict[bytes, _Asked] = {}
        self.said = ""

    def begin(self, query: str) -> None:
        """Ask for the vector of a query, where it is not known and the endpoint has not failed."""
        text = query[:LONGEST_QUERY]
        key = query_digest(text)
        if key in self._asked or any(asked.failed for asked in self._asked.values()):
            return
        asked = self._asked[key] = _Asked()
        asked.vector = self._store.vector(self._embedder.model, key)
        if asked.vector is not None:
            asked.kept = True
            asked.over.set()
            return
        threading.Thread(
            target=self._ask, args=(asked, text), name="gitagent-vectors", daemon=True
        ).start()

    def nearest(self, query: str, documents: Sequence[int], limit: int) -> list[Near]:
        """The places of documents that are nearest to a query that was begun, best first."""
        key = query_digest(query[:LONGEST_QUERY])
        asked = self._asked.get(key)
        if asked is None or not asked.over.wait(self._patience_s):
            self.said = self._failure() or "The vector of the query was not there in time."
            return []
        if asked.vector is None:
            self.said = asked.failed
            return []
        self.said = ""
        if not asked.kept:
            self._store.put(self._embedder.model, {key: asked.vector})
            asked.kept = True
        return self._store.nearest(self._embedder.model, asked.vector, documents, limit)

    def _ask(self, asked: _Asked, text: str) -> None:
        try:
            (asked.vector,) = self._embedder.embed([text]).vectors
        except AgentError as error:
            asked.failed = str(error)
        finally:
            asked.failed = asked.failed or ("" if asked.vector else "No vector came.")
            asked.over.set()

    def _failure(self) -> str:
        return next((asked.failed for asked in self._asked.values() if asked.failed), "")


def by_document(found: Sequence[Near]) -> dict[int, float]:
    """Each document by its nearest place, from 0 for the farthest to 1 for the nearest.

    Cosines of one model lie close together, so it is how they differ that says something.
    """
    best: dict[int, float] = {}
    for near in found:
        best[near.document] = max(near.nearness, best.get(near.document, -1.0))
    low, high = min(best.values(), default=0.0), max(best.values(), default=0.0)
    return {d: (n - low) / (high - low) if high > low else 1.0 for d, n in best.items()}
