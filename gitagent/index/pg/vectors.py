"""Vectors of parts of documents, by the text that they were made of.

A place is some lines of a document, with the digest of what is embedded of them; places go with
their documents. Vectors are kept by digest, so that what was paid for once is paid for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitagent.index.pg.connect import translated
from gitagent.index.pg.queries import query

if TYPE_CHECKING:
    from psycopg import Connection


@dataclass(frozen=True)
class Place:
    """Lines `first` to `last` of a document, 1-based, inclusive, and the digest of their text."""

    document: int
    first: int
    last: int
    digest: bytes


@dataclass(frozen=True)
class Near:
    """Lines of a document and how near they are to what was asked: the cosine, 1 at the most."""

    document: int
    first: int
    last: int
    nearness: float


@dataclass(frozen=True)
class Coverage:
    """How many places there are, and how many of them have a vector."""

    places: int
    embedded: int


class VectorStore:
    """The places and vectors of the repository that a session has entered (see `PgStore`).

    Every method raises NoDatabase where the database fails.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        with translated():
            found = connection.execute(query("enter")).fetchone()
        assert found is not None
        self._repository = found[0]

    def uncut(self, documents: Sequence[int]) -> list[int]:
        """Of documents, in their order, those without any place."""
        with translated():
            found = {row[0] for row in self._run("uncut", documents=list(documents))}
        return [document for document in documents if document in found]

    def cut(self, places: Sequence[Place]) -> None:
        """Add places; those of documents that are gone meanwhile are passed over."""
        with translated():
            self._run(
                "add_places",
                documents=[place.document for place in places],
                firsts=[place.first for place in places],
                lasts=[place.last for place in places],
                digests=[place.digest for place in places],
            )

    def unembedded(self, model: str, documents: Sequence[int]) -> list[Place]:
        """Places of documents that a model has no vector for, in the order of the documents."""
        at = {document: n for n, document in enumerate(documents)}
        with translated():
            rows = self._run("unembedded", model=model, documents=list(documents)).fetchall()
        return sorted((Place(*row) for row in rows), key=lambda p: (at[p.document], p.first))

    def missing(self, model: str, digests: Sequence[bytes]) -> list[bytes]:
        """Of digests, those that a model has no vector for, each once."""
        asked = list(dict.fromkeys(digests))
        with translated():
            found = {row[0] for row in self._run("embedded", model=model, digests=asked)}
        return [digest for digest in asked if digest not in found]

    def put(self, model: str, vectors: Mapping[bytes, Sequence[float]]) -> None:
        """Keep a model's vectors by the digest of their text; those that are there stay."""
        written = [_written(vector) for vector in vectors.values()]
        with translated():
            self._run("add_vectors", model=model, digests=list(vectors), vectors=written)

    def vector(self, model: str, digest: bytes) -> Sequence[float] | None:
        with translated():
            found = self._run("vector", model=model, digest=digest).fetchone()
        return None if found is None else found[0]

    def nearest(
        self, model: str, asked: Sequence[float], documents: Sequence[int], limit: int
    ) -> list[Near]:
        """The places of documents that are nearest to a vector of the model, best first.

        All vectors of the documents are compared; there is no index that would miss some.
        """
        values = {"model": model, "asked": _written(asked), "documents": list(documents)}
        with translated():
            rows = self._run("nearest", limit=limit, **values).fetchall()
        found = [Near(*row) for row in rows if row[3] is not None]
        return [near for near in found if math.isfinite(near.nearness)]

    def coverage(self, model: str, documents: Sequence[int]) -> Coverage:
        with translated():
            return Coverage(
                *self._run("coverage", model=model, documents=list(documents)).fetchone()
            )

    def collect(self) -> int:
        """Drop the vectors of texts that stand in no document; how many went.

        Only once all documents of the newest tree are cut: vectors of a document whose facts were
        made anew have no place before.
        """
        with translated():
            return int(self._run("drop_vectors").rowcount)

    def _run(self, name: str, **values: Any) -> Any:
        return self._connection.execute(
            query(name), {"repository": self._repository, **values}, binary=True
        )


def _written(vector: Sequence[float]) -> str:
    """As pgvector reads it, to the digits that half a float can hold."""
    return "[" + ",".join([f"{number:.5g}" for number in vector]) + "]"
