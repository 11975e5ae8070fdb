"""Characters that a reviewer cannot see, so that what is read is not what is run.

Bidirectional controls reorder a line on the screen; tag characters, zero-width ones and selectors
of variants hide text or make two names look like one. Old ones in a file are its owner's business;
new ones are refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_ZERO_WIDTH = (
    "\u034f\u115f\u1160\u180e\u200b-\u200d\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0"
    "\ufff9-\ufffb\U000e0100-\U000e01ef"
)
# behind a letter of ASCII, or another one, a selector shows nothing and can spell out anything
_SELECTORS = (
    "(?<![^\x00-\x22\x24-\x29\x2b-\x2f\x3a-\x7f\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f]"
)
_KINDS = (
    ("bidirectional control", "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"),
    ("tag character", "\U000e0000-\U000e007f"),
    ("zero-width character", _ZERO_WIDTH),
)
_INVISIBLE = re.compile(f"[{''.join(ranges for _, ranges in _KINDS)}]|{_SELECTORS}")
_PATTERNS = (
    *((kind, re.compile(f"[{ranges}]")) for kind, ranges in _KINDS),
    ("variation selector", re.compile(_SELECTORS)),
)


def invisible(text: str) -> list[str]:
    """The invisible characters of `text`, in order."""
    return [] if text.isascii() else _INVISIBLE.findall(text)


def described(char: str) -> str:
    """A character that cannot be shown, in words: `U+202E RIGHT-TO-LEFT OVERRIDE (…)`."""
    kind = next((kind for kind, pattern in _PATTERNS if pattern.match(char)), "character")
    name = unicodedata.name(char, "")
    return f"U+{ord(char):04X} {name + ' ' if name else ''}({kind})"


def smuggled(text_before: str, text_after: str) -> list[str]:
    """The invisible characters that an edit brings in, each named with its 1-based line.

    A byte order mark at the very start is none. A changed line may keep what was in it.
    """
    after = text_after.removeprefix("\ufeff").split("\n")
    if not invisible("\n".join(after)):
        return []
    before = text_before.removeprefix("\ufeff").split("\n")
    lines_left = Counter(before)
    chars_left = Counter(invisible("\n".join(before)))
    changed: list[tuple[int, str]] = []
    for number, line in enumerate(after, 1):
        if lines_left[line] > 0:
            lines_left[line] -= 1
            chars_left -= Counter(invisible(line))
        else:
            changed.append((number, line))
    return _new_ones(changed, chars_left)


def _new_ones(changed: list[tuple[int, str]], chars_left: Counter[str]) -> list[str]:
    found = []
    for number, line in changed:
        for char in invisible(line):
            if chars_left[char] > 0:
                chars_left[char] -= 1
            else:
                found.append(f"line {number}: {described(char)}")
    return found
