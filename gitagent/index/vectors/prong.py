"""Vectors: files of which a part is about what the task is about, in whatever words."""

from __future__ import annotations

from collections.abc import Sequence

from gitagent.index.pg.listing import PgListing
from gitagent.index.vectors.asking import Nearby, by_document

MOST_PLACES = 200


class VectorProng:
    """Implements engine.Vectors over the files of one listing."""

    def __init__(self, nearby: Nearby, files: PgListing) -> None:
        self._nearby = nearby
        self._documents = files.documents

    def begin(self, text: str) -> None:
        self._nearby.begin(text)

    def scores(self, text: str, files: Sequence[int]) -> dict[int, float]:
        by_number = {self._documents[file]: file for file in files}
        found = self._nearby.nearest(text, list(by_number), MOST_PLACES)
        return {by_number[number]: score for number, score in by_document(found).items()}
