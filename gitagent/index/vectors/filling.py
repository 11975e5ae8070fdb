"""Makes the vectors that are missing, those first that are worth most, for as long as it may.

Whatever ends it (time, money, an endpoint that is down, a kill), what was made is kept, and the
next run goes on behind it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gitagent.errors import (
    BadReply,
    BudgetExceeded,
    ContextOverflow,
    ProviderError,
    ProviderUnavailable,
)
from gitagent.index.facts import Symbol
from gitagent.index.pg.vectors import Place, VectorStore
from gitagent.index.vectors.texts import Piece, pieces
from gitagent.ports import Embedded, Embedder

DOCUMENTS = 64
"""Documents that are looked at together."""
TEXTS, CHARACTERS = 64, 100_000
"""Of a batch at the most: enough that its way there and back does not count."""
PAUSES_S = (1.0, 2.0, 4.0)
"""Waits for an endpoint that is busy, where it names none."""
MOST_BAD = 3
"""Batches that may be passed over."""


class Source(Protocol):
    """A document's bytes and what it defines, by its number; None where it cannot be had."""

    def __call__(self, document: int, /) -> tuple[bytes, Sequence[Symbol]] | None: ...


@dataclass(frozen=True)
class Filled:
    """What a run did. `left` is how many texts still have no vector; `stopped` says why, as a
    sentence. `cut` says that all places are known, without which nothing is to be collected."""

    made: int = 0
    left: int = 0
    cut: bool = True
    stopped: str = ""


OnMade = Callable[[int, int], None]
"""Told how many vectors were made, and how many shall be."""


def fill(
    store: VectorStore,
    embedder: Embedder,
    documents: Sequence[int],
    source: Source,
    *,
    seconds: float,
    on_made: OnMade = lambda _made, _all: None,
    pause: Callable[[float], None] = time.sleep,
) -> Filled:
    """Embed what has no vector yet in documents, in their order; NoDatabase is the caller's.

    First all of them are cut into places, which costs a moment and no money. A batch that the
    endpoint cannot take is passed over, a few times.
    """
    ends = time.monotonic() + seconds
    documents = list(dict.fromkeys(documents))
    if not _cut(store, documents, source, ends):
        return Filled(cut=False, stopped="The time was up before all files were looked at.")
    lacking = store.unembedded(embedder.model, documents)
    wanted = len({place.digest for place in lacking})
    made, bad, stopped = 0, 0, ""
    for batch in _batches(lacking, source):
        if time.monotonic() >= ends:
            stopped = "The time was up."
            break
        try:
            found = _embedded(embedder, list(batch.values()), ends, pause)
        except (ProviderError, BudgetExceeded) as error:
            stopped, bad = str(error), bad + 1
            if bad > MOST_BAD or not isinstance(error, BadReply | ContextOverflow):
                break
            continue
        store.put(embedder.model, dict(zip(batch, found.vectors, strict=True)))
        made += len(batch)
        on_made(made, wanted)
    return Filled(made, wanted - made, True, stopped)


def _embedded(
    embedder: Embedder, texts: Sequence[str], ends: float, pause: Callable[[float], None]
) -> Embedded:
    """What an endpoint makes of texts; one that is busy is waited for, if there is time."""
    for usual in PAUSES_S:
        try:
            return embedder.embed(texts)
        except ProviderUnavailable as error:
            wait = usual if error.retry_after is None else error.retry_after
            if not error.busy or time.monotonic() + wait >= ends:
                raise
            pause(wait)
    return embedder.embed(texts)


def _cut(store: VectorStore, documents: Sequence[int], source: Source, ends: float) -> bool:
    """Say of every document which places it has; False where the time was up before."""
    for start in range(0, len(documents), DOCUMENTS):
        if time.monotonic() >= ends:
            return False
        places: list[Place] = []
        for document in store.uncut(documents[start : start + DOCUMENTS]):
            found = _pieces(source, document)
            places += [Place(document, p.first, p.last, p.digest) for p in found.values()]
        store.cut(places)
    return True


def _batches(lacking: Sequence[Place], source: Source) -> Iterator[Mapping[bytes, str]]:
    """Texts by their digest, as many together as may be sent at once, each once."""
    batch: dict[bytes, str] = {}
    seen: set[bytes] = set()
    document, known = -1, dict[bytes, Piece]()
    for place in lacking:
        if place.digest in seen:
            continue
        if place.document != document:
            document, known = place.document, _pieces(source, place.document)
        if place.digest not in known:
            continue  # stored by another version, which cut otherwise
        seen.add(place.digest)
        batch[place.digest] = known[place.digest].text
        if len(batch) >= TEXTS or sum(map(len, batch.values())) >= CHARACTERS:
            yield batch
            batch = {}
    if batch:
        yield batch


def _pieces(source: Source, document: int) -> dict[bytes, Piece]:
    found = source(document)
    return {piece.digest: piece for piece in pieces(*found)} if found else {}
