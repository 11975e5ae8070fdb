"""Names as a picture may show them: nothing unseen, nothing that turns the line, not too wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

ELLIPSIS = "…"


def label(name: str) -> str:
    """The name with everything that cannot be seen (control and format characters, marks that turn
    the direction, stray bytes) as a visible escape; a label is one line."""
    if name.isprintable():
        return name
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def width(text: str) -> int:
    """How many columns a text takes where every character has its cell, or two."""
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def cut_end(text: str, most: int) -> str:
    """The beginning of a text, in at most so many columns."""
    return text if width(text) <= most else _beginning(text, most - 1) + ELLIPSIS


def cut_start(text: str, most: int) -> str:
    """The end of a text, where a path says most, in at most so many columns."""
    if width(text) <= most:
        return text
    return ELLIPSIS + _beginning(text[::-1], most - 1)[::-1]


def listed(names: Sequence[str], most: int) -> str:
    """The first names, and how many there are beside them."""
    more = f", +{len(names) - most}" if len(names) > most else ""
    return ", ".join(map(label, names[:most])) + more


def _beginning(text: str, most: int) -> str:
    taken = 0
    for n, character in enumerate(text):
        taken += _cells(character)
        if taken > most:
            return text[:n]
    return text


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
