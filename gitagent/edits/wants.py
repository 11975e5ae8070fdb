"""Which asks stand in a reply: lines, JSON, or tool calls that were written out as text.

Models that know tools fall back into their form where none was offered, and others decorate the
lines that they were asked for. What is no ask is left as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitagent.domain.context import Span
from gitagent.domain.want import TO_THE_END, Sort, Want
from gitagent.edits import fences, thinking, wants_json
from gitagent.edits.json_reply import DECODER

LONGEST_LINE = 500
LOOKS = 20
"""How often JSON is looked for; each look may read the reply to its end."""
WORDS: dict[str, Sort] = {
    "SEARCH": "search",
    "READ": "read",
    "SYMBOL": "symbols",
    "SYMBOLS": "symbols",
    "REFERENCE": "references",
    "REFERENCES": "references",
    "REFS": "references",
}

_KEY = r"(?P<key>" + "|".join(sorted(WORDS, key=len, reverse=True)) + r")"
_BEFORE = r"\s*(?:[-*+>]\s+|\d+[.)]\s+)?[*_`]{0,3}"
_COLON = re.compile(rf"{_BEFORE}{_KEY}[*_`]{{0,3}}\s*:[*_]{{0,3}}(?P<rest>.*)", re.IGNORECASE)
_PLAIN = re.compile(rf"{_BEFORE}{_KEY}\s+(?P<rest>.*)")
_CALL = re.compile(rf"{_BEFORE}{_KEY}\((?P<rest>.*)\)[`;.\s]*", re.IGNORECASE)
_REMARK = re.compile(r"\s+(?:\(.*\)?|[-–—#]+\s.*)$")
_RANGE = r"L?\d+(?:\s*(?:-|–|\.\.+|:|\bto\b)\s*(?:L?\d+)?)?"
_SPANS = re.compile(
    rf"(?:\s*[:#,]\s*|\s+)\(?(?:lines?\s*)?(?P<spans>{_RANGE}(?:\s*,\s*{_RANGE})*)\)?$",
    re.IGNORECASE,
)
_NEXT = re.compile(r"[,;]\s+(?!L?\d)|\s+and\s+")


def read(reply: str) -> tuple[tuple[Want, ...], str]:
    """The asks of a reply, each once, and the reply without them and without its reasoning.

    Only what stands by itself is an ask: a line, a JSON value, or a fenced block of nothing else.
    """
    lines = thinking.without(reply.replace("\r\n", "\n")).split("\n")
    found: list[Want] = []
    kept: list[str] = []
    at = looks = 0
    while at < len(lines):
        fence = fences.opening(lines[at])
        if fence is not None:
            close = fences.closing(lines, at + 1, fence)
            end = len(lines) if close is None else close + 1
            wants = _block(lines[at + 1 : end if close is None else close])
        elif looks < LOOKS and lines[at].lstrip().startswith(("{", "[")):
            looks += 1
            wants, end = _value(lines, at)
        else:
            wants, end = line(lines[at]), at + 1
        found += wants
        kept += () if wants else lines[at:end]
        at = end
    return tuple(dict.fromkeys(found)), "\n".join(kept)


def line(text: str) -> list[Want]:
    """The asks on one line of a reply, as a model was told to write them or nearly so."""
    if len(text) > LONGEST_LINE:
        return []
    for form in (_CALL, _COLON, _PLAIN):
        if found := form.fullmatch(text):
            rest = re.sub(r"\b\w+\s*=\s*", "", found["rest"]) if form is _CALL else found["rest"]
            return list(argument(WORDS[found["key"].upper()], rest))
    return []


def argument(sort: Sort, text: str) -> Iterator[Want]:
    """What is asked for by the words behind a key; only words to search for are never several."""
    text = text[:LONGEST_LINE]
    if sort == "search":
        if words := _bare(text):
            yield Want(sort, words)
        return
    for part in _NEXT.split(_without_remark(text)):
        what, spans = _place(_without_remark(part))
        if what:
            yield Want(sort, what, spans if sort == "read" else ())


def spans_of(text: str) -> tuple[Span, ...]:
    """Lines as people write them: `10-40`, `L10-L40`, `10`, `10-` to the end, several by commas."""
    return tuple(_span(part) for part in text.split(",") if re.search(r"\d", part))


def _span(text: str) -> Span:
    numbers = [max(1, min(int(n), TO_THE_END)) for n in re.findall(r"\d{1,9}", text)]
    is_open = len(numbers) == 1 and not text.rstrip()[-1].isdigit()
    ends = [*numbers, TO_THE_END] if is_open else numbers
    return Span(min(ends), max(ends))


def _place(text: str) -> tuple[str, tuple[Span, ...]]:
    """A path or a name, and the lines behind it."""
    bare = _bare(text)
    quoted = re.match(r"[`\"'](.+?)[`\"'](.*)", text.strip())
    if quoted and quoted[2].strip():
        bare = f"{_bare(quoted[1])} {quoted[2].strip().lstrip(':#,')}"
    found = _SPANS.search(bare)
    if found is None or not found.start():
        return bare, ()
    return _bare(bare[: found.start()]), spans_of(found["spans"])


def _without_remark(text: str) -> str:
    """Without what a model says of why it asks; lines in parentheses are none."""
    remark = _REMARK.search(text)
    if remark is None or _SPANS.fullmatch(remark[0]):
        return text
    return text[: remark.start()]


def _bare(text: str) -> str:
    return text.strip().strip("`\"'*<>").strip()


def _block(body: list[str]) -> list[Want]:
    """The asks of a fenced block, where it holds nothing else."""
    written = [each for each in body if each.strip()]
    if not written:
        return []
    if written[0].lstrip().startswith(("{", "[")):
        wants, end = _value(written, 0)
        return wants if end == len(written) else []
    wants_by_line = [line(each) for each in written]
    return [want for wants in wants_by_line for want in wants] if all(wants_by_line) else []


def _value(lines: list[str], at: int) -> tuple[list[Want], int]:
    """The asks of the JSON value that begins on a line, and the index behind it."""
    text = "\n".join(lines[at:]).lstrip()
    try:
        value, length = DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return [], at + 1
    if text[length:].split("\n", 1)[0].strip(" \t`;,"):
        return [], at + 1
    wants = list(wants_json.read(value, line, argument, spans_of))
    return wants, at + 1 + (text[:length].count("\n") if wants else 0)
