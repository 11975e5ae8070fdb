"""The one JSON object that a reply means, mended where that is no guess.

Models put talk and fences around JSON, quote it wrongly and forget brackets. What can be read as
it stands is taken first. Where nothing can, a library mends it, and the result counts only where
it holds every word that was written, none more, and is in the form that was asked for: then all
that was wrong were the signs between the words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from gitagent.edits import thinking
from gitagent.errors import BadReply

Found = Mapping[str, Any]
Trust = Callable[[Found], bool]

LONGEST = 50_000
DEPTH = 4

_FENCE = re.compile(r"^[ \t]*(?:```|~~~)[^\n]*$", re.MULTILINE)
_COMMENT = re.compile(r"(?m)(^|[,\[{}\]\"'])[ \t]*(?://|#)[^\n]*|/\*.*?\*/", re.DOTALL)
_START = re.compile(r"[{\[]")
_GOES_ON = tuple(",:{}[]\"'“‘")
_ENDS = tuple("}])\"'”’")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|[nrtbf\"'/\\])")
_WORD = re.compile(r"\w+|\.{3}|…")
_LITERALS = {"None": "null", "True": "true", "False": "false"}


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are there once each; which of two counts would be a guess."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


DECODER = json.JSONDecoder(strict=False, object_pairs_hook=_object)
"""Reads what stands in a reply: line ends in texts are forgiven, keys that contradict are not."""


def read(reply: str, key: str, trusted: Trust, *, whole: bool = True) -> Found:
    """The object in `reply` that has a list under `key`, or is nothing but such a list.

    One that had to be mended is taken only where `trusted` says so and the reply is `whole`.
    Raises BadReply, with the reason as a sentence, where there is none or more than one.
    """
    text = thinking.without(reply)
    if len(text) > LONGEST:
        raise BadReply("It is far too long.")
    values = list(_values(text))
    alone = [{key: value} for value in values if isinstance(value, list) and key not in text]
    found = _different(
        (
            *(each for value in values for each in _within(value, key)),
            *(each for each in alone if each[key] and trusted(each)),
        )
    )
    if len(found) > 1:
        raise BadReply(f"It has {len(found)} different lists `{key}`.")
    mended = _different(_mended(text, key, trusted) if whole and not found else ())
    if found or mended:
        return (*found, *mended)[0]
    missing = f"It has no list `{key}`."
    raise BadReply(f"It is not valid JSON ({wrong})." if (wrong := _error(text)) else missing)


def _values(text: str) -> Iterator[Any]:
    """Every object and list that stands in the text and can be read as it stands."""
    at = 0
    while start := _START.search(text, at):
        try:
            value, at = DECODER.raw_decode(text, start.start())
        except ValueError:
            at = start.end()
        except RecursionError:
            return
        else:
            yield value


def _within(value: Any, key: str, depth: int = DEPTH) -> Iterator[Found]:
    """The objects with a list under `key`, inside of whatever is wrapped around them."""
    if not isinstance(value, dict):
        return
    if isinstance(value.get(key), list):
        yield value
    elif depth:
        for inner in map(_decoded, value.values()):
            yield from _within(inner, key, depth - 1)


def _decoded(value: Any) -> Any:
    """What a text holds, where that is JSON of its own, as the arguments of a tool call are."""
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    return next(_values(value), None)


def _mended(text: str, key: str, trusted: Trust) -> Iterator[Found]:
    """The object that is meant by what cannot be read."""
    import json_repair

    for part in _parts(text, key):
        try:
            value = json_repair.loads(part)
        except (ValueError, RecursionError):
            continue
        if not isinstance(value, dict) or not isinstance(value.get(key), list):
            continue
        kept = _words(json.dumps(value, ensure_ascii=False))
        if kept in (_words(part), _words(_COMMENT.sub(_unsaid, part))) and trusted(value):
            yield value
            return


def _parts(text: str, key: str) -> Iterator[str]:
    """What may be the object, the longest first: from where it begins to where it may end."""
    begins = re.search(r"\{\s*[\"'“‘`]?" + re.escape(key), text)
    if begins is None:
        return
    rest = _FENCE.split(text[begins.start() :])[0].rstrip()
    ends = [len(rest) - 1, rest.rfind("}"), rest.rfind("]")]
    for end in dict.fromkeys(ends):
        behind = rest[end + 1 :].lstrip()
        if rest[: end + 1].endswith(_ENDS) and not behind.startswith(_GOES_ON):
            yield rest[: end + 1]


def _unsaid(comment: re.Match[str]) -> str:
    """What is left of a comment: that something was left out is no comment."""
    return (comment[1] or "") + ("…" if re.search(r"\.{3}|…", comment[0]) else "")


def _words(text: str) -> list[str]:
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else " ", text)
    return [_LITERALS.get(word, word) for word in _WORD.findall(plain)]


def _different(found: Iterable[Found]) -> Sequence[Found]:
    return list({json.dumps(each, sort_keys=True): each for each in found}.values())


def _error(text: str) -> str:
    """Why the text is no JSON from its first brace on; empty where it is."""
    start = text.find("{")
    if start < 0:
        return "there is no object in it"
    try:
        DECODER.raw_decode(text, start)
    except ValueError as error:
        return str(error)
    except RecursionError:
        return "it is nested too deep"
    return ""
