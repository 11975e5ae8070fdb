"""An endpoint for vectors that needs no model: texts with the same words are near each other."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence

from gitagent.index.terms import terms
from gitagent.testing import protocol
from gitagent.testing.listener import Received
from gitagent.testing.protocol import Part, Pause, Wire
from gitagent.testing.server import ModelServer

EMBEDDINGS = "/v1/embeddings"


class EmbeddingServer(ModelServer):
    """Gives the wires of `first` to its first requests, then vectors, each after `seconds`."""

    def __init__(
        self, first: Iterable[Wire] = (), *, dimensions: int = 64, seconds: float = 0.0
    ) -> None:
        self._first = iter(tuple(first))
        self._lock = threading.Lock()
        self._dimensions = dimensions
        self._seconds = seconds
        super().__init__(models=("embedder",))

    @property
    def texts(self) -> list[str]:
        """All texts that it was asked about, in their order."""
        return [text for r in self.requests if r.path == EMBEDDINGS for text in r.json["input"]]

    def wire(self, received: Received) -> Wire:
        if (received.method, received.path) != ("POST", EMBEDDINGS):
            return super().wire(received)
        with self._lock:
            scripted = next(self._first, None)
        if scripted is not None:
            return scripted
        return self._slowly([vector(text, self._dimensions) for text in received.json["input"]])

    def _slowly(self, vectors: Sequence[Sequence[float]]) -> Iterator[Part]:
        if self._seconds:
            yield Pause(self._seconds)
        yield from embeddings(vectors, tokens=10 * len(vectors))


def embeddings(vectors: Sequence[Sequence[float]], *, tokens: int | None = None) -> list[Part]:
    """Vectors as the API writes them; without `tokens` nothing is counted."""
    data = [
        {"object": "embedding", "index": n, "embedding": list(v)} for n, v in enumerate(vectors)
    ]
    usage = {} if tokens is None else {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}}
    return protocol.document({"object": "list", "data": data, **usage})


def vector(text: str, dimensions: int = 64) -> list[float]:
    """Counts of the text's terms, each at a place of its own, nearly always."""
    counts = [0.01] * dimensions
    for term in terms(text):
        place = int.from_bytes(hashlib.sha256(term.encode()).digest()[:4]) % dimensions
        counts[place] += 1.0
    return counts
