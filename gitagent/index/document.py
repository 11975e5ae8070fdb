"""What is stored of one object, whatever the store: its terms to be found by, and what it says.

A document belongs to a blob and the language that its path gives it, and to nothing else: not to a
commit, a repository or the rest of the path. So a branch switch finds them all there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gitagent.index import facts, left_out, places
from gitagent.index.stored import VERSION as VERSION
from gitagent.index.terms import name

Fields = Mapping[str, Mapping[str, int]]
"""Counts of terms by field: `text`, `names` and `defines` of a blob."""


@dataclass(frozen=True)
class Document:
    """What is known of an object in a language.

    `object` is its id in hexadecimal, `length` the number of its terms; `places` and `facts` are
    what `places.encode` and `facts.encode` made. `skipped` says why nothing else is here.
    """

    object: str
    language: str
    length: int = 0
    fields: Fields = field(default_factory=dict)
    places: bytes = b""
    facts: bytes = b""
    skipped: str = ""


def document(blob: str, language: str, data: bytes, *, parsed: bool = True) -> Document:
    """The document of a blob; of one that is not `parsed` only the words are known."""
    if reason := left_out.by_content(data):
        return Document(blob, language, skipped=reason)
    text = left_out.readable(data)
    where = places.counted(text)
    known = facts.of_text(language, text) if parsed else facts.Facts(language, unparsed=True)
    defined = dict.fromkeys((name(symbol.name) for symbol in known.defs), 1)
    fields = {"text": where.counts(), "names": where.names, "defines": defined}
    return Document(blob, language, where.length, fields, places.encode(where), facts.encode(known))
