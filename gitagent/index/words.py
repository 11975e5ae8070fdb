"""Splits text into the words that it is found by.

A name is several words at once: `parse_price`, `ParsePrice` and "parse price" have to meet, and
whoever writes the name whole means that one. So a name counts as each of its parts and as a
whole. Text is bytes in UTF-8; only words that leave ASCII are decoded, since decoding whole files
costs as much as all the rest.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache
from importlib import resources

LONGEST_WORD = 64
"""In bytes. What is longer is a key, a hash or encoded data, which nobody asks for."""
NAMES_KEPT = 200_000

_WORD = re.compile(rb"[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*|[0-9]{2,}")
_UNICODE_WORD = re.compile(r"[^\W\d]\w*|\d{2,}")
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_UNICODE_PARTS = re.compile(r"[^\W_]+")


def counted(text: bytes) -> dict[str, int]:
    """How often each word of a text occurs, in lower case: parts of names, and names whole.

    Function words, which bind others and say nothing, are left out, and single letters.
    """
    found: dict[str, int] = {}
    for name, count in Counter(_WORD.findall(text)).items():
        if len(name) <= LONGEST_WORD:
            for word in split(name):
                found[word] = found.get(word, 0) + count
    return found


def listed(text: str) -> list[str]:
    """The words of a text in their order, with repetitions; a query, say, or a path."""
    names = _WORD.findall(text.encode(errors="replace"))
    return [word for name in names if len(name) <= LONGEST_WORD for word in split(name)]


@lru_cache(maxsize=NAMES_KEPT)
def split(name: bytes) -> tuple[str, ...]:
    """The words that one name counts as, most of them once; empty where none is worth keeping."""
    if not name.isascii():
        return _split_unicode(name.decode(errors="replace"))
    text = name.decode("ascii")
    parts = _PARTS.findall(text)
    words = [part.lower() for part in parts]
    if len(parts) > 1:
        words.append(text.strip("_").lower())
    return _kept(words)


def _split_unicode(text: str) -> tuple[str, ...]:
    """Words of a text in any script; punctuation outside of ASCII has been taken for letters."""
    found: list[str] = []
    for name in _UNICODE_WORD.findall(text):
        if name.isascii():
            found += split(name.encode())
        else:
            parts = [part.lower() for part in _UNICODE_PARTS.findall(name)]
            found += _kept([*parts, name.strip("_").lower()] if len(parts) > 1 else parts)
    return tuple(found)


def _kept(words: list[str]) -> tuple[str, ...]:
    idle = _listed("function_words.txt")
    return tuple(word for word in words if len(word) > 1 and word not in idle)


def asked(text: str) -> list[str]:
    """The words of a task, without those that only say that something is to be done."""
    idle = _listed("task_words.txt")
    return [word for word in listed(text) if word not in idle]


@cache
def _listed(name: str) -> frozenset[str]:
    return frozenset(resources.files("gitagent.index").joinpath(name).read_text().split())
