"""The past of a commit as a listing of documents: what each commit says, and what it touched.

A document belongs to a commit and never changes; which files of today are meant by the paths of
then is asked anew for each tree (`snapshot`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from gitagent.index.stored import decoded
from gitagent.index.terms import terms

if TYPE_CHECKING:
    import msgspec

    from gitagent.domain.code import Change
    from gitagent.index.document import Document

LANGUAGE = "commit"
MOST_COMMITS = 5000
LONGEST_MESSAGE = 3000
"""Characters that are read; what is longer has a log in it."""
MOST_PATHS = 60
"""Paths of a commit that are kept; one that touches more says nothing of any."""


def document(commit: str, change: Change) -> Document:
    """The document of a commit."""
    from gitagent.index.document import Document

    said = Counter(terms(change.message[:LONGEST_MESSAGE]))
    kept = [path for path in change.paths[:MOST_PATHS] if path.isprintable()]
    names = dict.fromkeys((path.rpartition("/")[2] for path in kept), 1)
    facts = _encoder().encode((len(change.paths), kept))
    fields = {"message": said, "touched": names}
    return Document(commit, LANGUAGE, said.total(), fields, facts=facts)


def touched(facts: bytes) -> tuple[int, Sequence[str]]:
    """How many paths a commit changed, and the first of them, out of its document's facts."""
    return decoded(_decoder(), facts)


@cache
def _encoder() -> msgspec.msgpack.Encoder:
    import msgspec

    return msgspec.msgpack.Encoder()


@cache
def _decoder() -> msgspec.msgpack.Decoder[tuple[int, list[str]]]:
    import msgspec

    return msgspec.msgpack.Decoder(tuple[int, list[str]])
