"""Private keys in PEM form, however they are quoted, escaped or cut.

A block is more than its two headers: what lies between must be lines of base64, or the code that
only speaks of the headers would be hidden with everything between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitagent.redaction.plausible import filled_in

KIND = "private key"
HINT = "PRIVATE KEY"

_LONG, _SHORT = 40, 120
_BEFORE_END = 8000

_NAME = r"(?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
_BEGIN, _END = f"-----BEGIN {_NAME}", f"-----END {_NAME}"
_BREAK = r"(?:\r?\n|\r|(?:\\+r)?\\+n)"
_GAP = r"(?:\\+[rt\"']|\\(?=[\r\n])|[\t \"'`+,;#*/|>()])*+"
_BASE64 = "[A-Za-z0-9+/=_]"
_WORD = f"{_BASE64}++(?:-{_BASE64}++)*+"
_NOTE = r"(?:Proc-Type|DEK-Info|Version|Comment|Hash):[^\r\n\\]{0,200}+"
_LINE = f"{_BREAK}{_GAP}(?:{_NOTE}|{_WORD})?{_GAP}(?={_BREAK}|-----END)"
_RUN = f"{_BASE64}{{{_LONG},}}+"

_WHOLE = re.compile(
    f"{_BEGIN}(?:(?:{_LINE}){{1,500}}+{_BREAK}?{_GAP}|(?: ?{_BASE64}{{16,}}+)++ ?){_END}"
)
_CUT_BELOW = re.compile(
    rf"{_BEGIN}(?:{_BREAK}{_GAP}(?:{_NOTE}{_GAP})?){{0,6}}?(?:{_BREAK}{_GAP}{_RUN}{_GAP})++"
    rf"(?:{_BREAK}{_GAP}[A-Za-z0-9+/]{{2,}}+={{1,2}}+)?"
)
_CUT_ABOVE = re.compile(
    rf"(?<!{_BASE64})(?:{_RUN}{_GAP}{_BREAK}{_GAP})++(?:{_WORD}{_GAP}{_BREAK}{_GAP})?\Z"
)
_LAST = re.compile(_END)


def found(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of each block, and of what an excerpt has left of one."""
    if HINT not in text:
        return
    for pattern in (_WHOLE, _CUT_BELOW):
        for match in pattern.finditer(text):
            if len(match[0]) > _SHORT or filled_in(match[0]):
                yield *match.span(), KIND
    for end in _LAST.finditer(text):
        start = max(0, end.start() - _BEFORE_END)
        if above := _CUT_ABOVE.search(text[start : end.start()]):
            yield start + above.start(), end.end(), KIND
