"""What is embedded of a file: its chunks, each with what it stands in.

The path is no part of it: a blob has many, and other prongs know them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from gitagent.index import left_out
from gitagent.index.chunks import chunks
from gitagent.index.facts import Symbol

QUERY_MARK = b"query\0"


@dataclass(frozen=True)
class Piece:
    """Lines `first` to `last` of a file, 1-based and inclusive, and what is embedded of them."""

    first: int
    last: int
    text: str

    @property
    def digest(self) -> bytes:
        return _digest(self.text.encode())


def pieces(data: bytes, defs: Sequence[Symbol]) -> list[Piece]:
    """The pieces of a blob, by what it defines; those without a word in them are left out."""
    text = left_out.readable(data)
    lines = text.decode(errors="replace").split("\n")
    found = [
        Piece(c.start, c.end, "\n".join([*c.around, *lines[c.start - 1 : c.end]]))
        for c in chunks(text, defs)
    ]
    return [piece for piece in found if any(map(str.isalnum, piece.text))]


def query_digest(query: str) -> bytes:
    """Under which the vector of a query is kept; that of a text that is no query is another."""
    return _digest(QUERY_MARK + query.encode(errors="surrogatepass"))


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
