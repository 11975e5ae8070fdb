"""The words of a text, and where they stand in files; no file is cut into words for that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
ENDINGS = ("ations", "ation", "ing", "ers", "ies", "ed", "er", "es", "ly", "s", "e", "y")
LEAST, LEAST_STEM = 3, 3
SUBJECT = 2.0
"""How much more a word says in the first line of a text."""
MOST = 60
# they bind other words, or say that something is to be done
_IDLE = """
    about add added adds after all also and any are because been before being but can change
    changed changes could does done each error fix fixed fixes for from had has have here how
    improve instead into its just like made make makes may might more must new not now off once
    only other our out over remove removed removes same see should some such support than that
    the their them then there these they this those through under update updates use used uses
    using was way were what when where which while will with within without would you your
"""
IDLE = frozenset(_IDLE.split())


def words(text: str) -> dict[str, float]:
    """The stems of the words of a text, with what each of them says; the first are kept."""
    subject, _, rest = text.strip().partition("\n")
    found: dict[str, float] = {}
    for part, weight in ((subject, SUBJECT), (rest, 1.0)):
        for word in _plain(part):
            found[word] = found.get(word, 0.0) + weight
    return dict(list(found.items())[:MOST])


def _plain(text: str) -> Iterator[str]:
    for word in WORD.findall(text):
        for part in PARTS.findall(word):
            if len(part) >= LEAST and part.lower() not in IDLE:
                yield stem(part.lower())


def stem(word: str) -> str:
    """A word in lower case without its ending."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= LEAST_STEM:
            return word[: -len(ending)]
    return word


def places(text: str, asked: Mapping[str, float]) -> dict[str, list[int]]:
    """Where in a text each stem stands, in characters."""
    lowered = text.lower()
    return {word: found for word in asked if (found := list(_places(lowered, word)))}


def _places(text: str, word: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))
