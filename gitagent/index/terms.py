"""Splits text into the terms that a query and a file meet in.

A term is the stem of one word of a name: `parse_prices`, `ParsePrice` and "parsing the price" have
two of them in common. A name is the whole, in lower case and without underscores, so that
`ensure_sync`, `ensureSync` and "ensure sync" are the same name.

Text is bytes in UTF-8; only words that leave ASCII are decoded, since decoding whole files costs
as much as all the rest.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from pathlib import Path

LONGEST_WORD = 64
"""In bytes. What is longer is a key, a hash or encoded data, which nobody asks for."""
NAMES_KEPT = 200_000
STEM = 3
"""Letters of a word, its first ones, that its stem begins with."""

WORD = re.compile(rb"[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*|[0-9]{2,}")
ENDINGS = (
    ("ization", "ize"),
    ("ations", "ate"),
    ("ation", "ate"),
    ("ingly", ""),
    ("ies", "y"),
    ("sses", "ss"),
    ("ing", ""),
    ("ers", ""),
    ("ed", ""),
    ("er", ""),
    ("es", ""),
    ("ly", ""),
    ("s", ""),
)

_UNICODE_WORD = re.compile(r"[^\W\d]\w*|\d{2,}")
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_UNICODE_PARTS = re.compile(r"[^\W_]+")

Split = tuple[tuple[str, ...], tuple[str, ...]]
"""The terms of a word, and the names that it is: none where it is one term alone."""


def words(text: str) -> list[bytes]:
    """The words of a text as they stand there."""
    return WORD.findall(text.encode(errors="replace"))


def terms(text: str) -> list[str]:
    """The terms of a text in their order, with repetitions."""
    return [term for word in words(text) for term in split(word)[0]]


@lru_cache(maxsize=NAMES_KEPT)
def split(word: bytes) -> Split:
    """What a word of a text counts as: nothing, where it is a function word or no word at all."""
    if len(word) > LONGEST_WORD:
        return (), ()
    if word.islower() and word.isalpha():
        # most words that are new are made of others, but most of a text is not
        term = _STEMS[word.decode("ascii")] if len(word) > 1 else ""
        return (term,) if term else (), ()
    found = pieces(word)
    kept = tuple(term for term in map(_STEMS.__getitem__, found) if term)
    if word.isascii():
        whole = name(word.decode("ascii"))
        return kept, (whole,) if len(whole) > 1 and whole not in found else ()
    names = (name(each) for each in _UNICODE_WORD.findall(word.decode(errors="replace")))
    return kept, tuple(each for each in names if len(each) > 1 and each not in found)


@lru_cache(maxsize=NAMES_KEPT)
def pieces(word: bytes) -> tuple[str, ...]:
    """The words that a name is made of, in lower case; single letters are left out."""
    if word.isascii():
        found = _PARTS.findall(word.decode("ascii"))
        return tuple(piece.lower() for piece in found if len(piece) > 1)
    # punctuation outside of ASCII has been taken for letters
    inner = _UNICODE_WORD.findall(word.decode(errors="replace"))
    return tuple(piece for each in inner for piece in _pieces(each))


def _pieces(word: str) -> tuple[str, ...]:
    if word.isascii():
        return pieces(word.encode())
    return tuple(piece.lower() for piece in _UNICODE_PARTS.findall(word) if len(piece) > 1)


def name(word: str) -> str:
    """The form in which spellings of the same name are equal."""
    return word.replace("_", "").lower()


def stem(word: str) -> str:
    """A word without its ending; three letters are left at least. Other scripts stay as is."""
    if not word.isascii():
        return word
    for ending, instead in ENDINGS:
        left = len(word) - len(ending)
        if word.endswith(ending) and left >= STEM and not _whole(word, ending):
            word = word[:left] + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    if len(word) > 4 and word.endswith("e"):
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 3 and word.endswith("y") else word


class _Stems(dict[str, str]):
    """The stem of each piece that was met; of a function word nothing."""

    def __missing__(self, piece: str) -> str:
        if len(self) >= NAMES_KEPT:
            self.clear()
        found = self[piece] = "" if piece in listed("function_words.txt") else stem(piece)
        return found


_STEMS = _Stems()


def _whole(word: str, ending: str) -> bool:
    """Not every s at the end is a plural."""
    return ending == "s" and word.endswith(("ss", "us", "is"))


@cache
def listed(file: str) -> frozenset[str]:
    """The words of a list beside this module."""
    return frozenset(Path(__file__).with_name(file).read_text().split())
