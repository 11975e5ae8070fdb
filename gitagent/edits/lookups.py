"""What a reply wants to see before it says more: searches and reads, one a line or as JSON.

Every model can write a line, so no tool calls are needed. Nothing else can be asked for: a reply
names words, paths and names of code, and what those lead to is decided elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from gitagent.domain.context import Span
from gitagent.edits import thinking

Kind = Literal["search", "read", "symbols", "references"]
KINDS: dict[str, Kind] = {
    "search": "search",
    "read": "read",
    "symbols": "symbols",
    "symbol": "symbols",
    "references": "references",
    "reference": "references",
    "refs": "references",
}
LONGEST = 300
TALK = 400
"""Characters beside the look-ups from which on a reply is an answer that happens to name some."""

_LINE = re.compile(
    rf"^[ \t>*+\-`\d.)]{{0,20}}(?P<kind>{'|'.join(KINDS)})[*`]*[ \t]*[:(]"
    r"[ \t]*(?P<what>[^\n]+?)[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*$", re.MULTILINE)
_PLACE = re.compile(
    r"(?P<path>.+?)(?:(?::|#)L?|[ ,]+lines?[ ]+)(?P<start>\d{1,9})"
    r"(?:\s*(?:-|\.\.|–|to)\s*L?(?P<end>\d{1,9}))?$"
)
_AROUND = " \t\"'`*()[]<>,;"


@dataclass(frozen=True)
class Lookup:
    """One thing to be looked up: words, a path (with lines, where `span` says so) or a name."""

    kind: Kind
    what: str
    span: Span | None = None

    def __str__(self) -> str:
        lines = f":{self.span.start}-{self.span.end}" if self.span else ""
        return f"{self.kind.upper()}: {self.what}{lines}"


def lookups(reply: str) -> tuple[Lookup, ...]:
    """What a reply asks for, each once; empty where it is an answer."""
    text = thinking.without(reply)
    found = [
        *_listed(text),
        *(_lookup(KINDS[m["kind"].lower()], m["what"]) for m in _matches(text)),
    ]
    wanted = tuple(dict.fromkeys(each for each in found if each is not None))
    return wanted if len(spoken(reply)) <= TALK or _is_json(text) else ()


def spoken(reply: str) -> str:
    """A reply without its look-ups and without reasoning."""
    text = _LINE.sub("", thinking.without(reply))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _matches(text: str) -> Iterator[re.Match[str]]:
    return _LINE.finditer(text)


def _lookup(kind: Kind, said: str) -> Lookup | None:
    what = " ".join(said.split())[:LONGEST].strip(_AROUND)
    if not what:
        return None
    if kind == "read" and (place := _PLACE.match(what)):
        start = max(1, int(place["start"]))
        end = max(start, int(place["end"] or start))
        return Lookup(kind, place["path"].strip(_AROUND), Span(start, end))
    return Lookup(kind, what)


def _is_json(text: str) -> bool:
    return bool(_values(text))


def _values(text: str) -> list[Any]:
    """The list or object that the whole reply is, fences aside."""
    bare = _FENCE.sub("", text).strip()
    if bare[:1] not in ("[", "{"):
        return []
    try:
        value = json.loads(bare)
    except (ValueError, RecursionError):
        return []
    return value if isinstance(value, list) else [value]


def _listed(text: str) -> Iterator[Lookup | None]:
    """`[{"search": "words"}, {"read": "a.py:1-20"}]`, or with the kind under a key of its own."""
    for each in _values(text):
        if not isinstance(each, dict):
            continue
        named = each.get("tool") or each.get("name") or each.get("kind")
        given = each.get("arguments", each)
        if isinstance(named, str) and named.lower() in KINDS and isinstance(given, dict):
            rest = (v for k, v in given.items() if k not in ("tool", "name", "kind"))
            yield _lookup(KINDS[named.lower()], _said(list(rest)))
            continue
        for key, value in each.items():
            if key.lower() in KINDS:
                yield _lookup(KINDS[key.lower()], _said([value]))


def _said(values: list[Any]) -> str:
    """A path and two numbers are a place."""
    words = [str(v) for v in values if isinstance(v, (str, int)) and not isinstance(v, bool)]
    if len(words) == 3 and words[1].isdigit() and words[2].isdigit():
        return f"{words[0]}:{words[1]}-{words[2]}"
    return " ".join(words)
