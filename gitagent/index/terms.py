"""Splits text into the terms that a query and a file meet in.

A term is the stem of one word of a name: `parse_prices`, `ParsePrice` and "parsing the price" have
two of them in common. A name is the whole, in lower case and without underscores, so that
`ensure_sync`, `ensureSync` and "ensure sync" are the same name.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib import resources

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\d{2,}")
PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
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
NAMES_KEPT = 200_000


def terms(text: str) -> list[str]:
    """The terms of a text in their order, with repetitions; function words are among them."""
    return [stem(part) for word in WORD.findall(text) for part in parts(word)]


@lru_cache(maxsize=NAMES_KEPT)
def parts(word: str) -> tuple[str, ...]:
    """The words that a name is made of, in lower case; single letters are left out."""
    return tuple(part.lower() for part in PARTS.findall(word) if len(part) > 1)


@lru_cache(maxsize=NAMES_KEPT)
def name(word: str) -> str:
    """The form in which spellings of the same name are equal."""
    return word.replace("_", "").lower()


@lru_cache(maxsize=NAMES_KEPT)
def stem(word: str) -> str:
    """A word without its ending; at least three letters are left."""
    for ending, instead in ENDINGS:
        left = len(word) - len(ending)
        if word.endswith(ending) and left >= 3 and not _whole(word, ending):
            word = word[:left] + instead
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
        word = word[:-1]
    if len(word) > 4 and word.endswith("e"):
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 3 and word.endswith("y") else word


def _whole(word: str, ending: str) -> bool:
    """Not every s at the end is a plural."""
    return ending == "s" and word.endswith(("ss", "us", "is"))


@cache
def stop_words() -> frozenset[str]:
    """Words that only bind others, and those that only say that something is to be done."""
    folder = resources.files("gitagent.index")
    lists = ("function_words.txt", "task_words.txt")
    return frozenset(word for name in lists for word in folder.joinpath(name).read_text().split())
