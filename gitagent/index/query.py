"""Reads a task as a query: which terms and names it has, and how much each of them counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gitagent.index import tuning
from gitagent.index.terms import listed, name, pieces, stem, words

LONGEST_NAME = 200

CODE = re.compile(
    r"`([^`\n]+)`"
    r"|\b([A-Za-z_]\w*(?:[._:]+[A-Za-z_]\w*)+"
    r"|\w*_\w+"
    r"|[A-Z]?[a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+"
    r"|[A-Za-z_]\w*(?=\())"
)


@dataclass(frozen=True)
class Query:
    """`terms` and `names` with their weights, both in the order of their first occurrence."""

    terms: Mapping[str, float]
    names: Mapping[str, float]


def read(text: str) -> Query:
    """The first line is the subject; its words count more than those of the body."""
    subject, _, body = text.strip().partition("\n")
    idle = listed("function_words.txt") | listed("task_words.txt")
    weights: dict[str, float] = {}
    for part, weight in ((subject, tuning.SUBJECT), (body, tuning.BODY)):
        for word in words(part):
            for piece in pieces(word):
                if piece not in idle:
                    term = stem(piece)
                    weights[term] = weights.get(term, 0.0) + weight
    return Query(weights, _names(text))


def _names(text: str) -> dict[str, float]:
    """Names as they are written, and neighbouring words as a name that they may stand for."""
    found = list(map(_name, words(text)))
    code = [_name(word) for each in CODE.finditer(text) for word in words(each.group())]
    names = dict.fromkeys(found, tuning.PLAIN_NAME) | dict.fromkeys(code, tuning.CODE_NAME)
    for size in (2, 3):
        for start in range(len(found) - size + 1):
            names.setdefault("".join(found[start : start + size]), tuning.JOINED_NAME)
    return {each: weight for each, weight in names.items() if len(each) <= LONGEST_NAME}


def _name(word: bytes) -> str:
    return name(word.decode(errors="replace"))
