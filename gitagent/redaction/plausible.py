"""Whether a value can be a secret at all: neither a word, nor an example, nor a place to fill in.

A redaction that hits an ordinary word hurts every file that has it, so a guess must be good.
"""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import unquote

LEAST, LONG = 8, 16
LEAST_PASSWORD, LONG_PASSWORD = 12, 16
FEWEST_CHARACTERS, FEWEST_DIFFERENT = 5, 8
TURNS = 0.2

_EXAMPLE = re.compile(
    r"(?i:example|placeholder|changeme|change[-_]me|redacted|your[-_]?|insert[-_]|dummy)"
    r"|[xX]{4}|\*{3}|\.{3}|…"
)
_TEMPLATE = re.compile(
    r"\$\{|\{\{|\{\w*\}|<[^<>]*>|%\(\w+\)|%[sr]\Z|\A\$\w+\Z|\A\$\(|://|\A[\w.]+\(.*\)\Z"
)
_WORDS = re.compile(
    r"(?:[A-Z]?[a-z]{2,}|[A-Z]{1,4}(?=[A-Z][a-z]|[^A-Za-z]|\Z)|[0-9]{1,2}(?![0-9])|[^A-Za-z0-9])+"
)
_UUID = re.compile(r"(?i:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})")
_PLACE = re.compile(r"[/~.]|[A-Za-z]:[\\/]|[a-z][a-z0-9+.-]*://")
_NUMBER = re.compile(r"[-+0-9.,:_ ]+")


def filled_in(value: str) -> bool:
    """Not an example such as `sk-…`, `<your key>` or `xxxx`."""
    return len(set(value)) >= FEWEST_CHARACTERS and not _EXAMPLE.search(value)


def distinctive(value: str) -> bool:
    """No word, number or place: it may be hidden wherever it stands.

    From 16 characters on, or from 8 where digits or inner capitals are mixed with letters.
    """
    if len(value) < LEAST or _PLACE.match(value) or _NUMBER.fullmatch(value):
        return False
    return (len(value) >= LONG or _mixed(value)) and filled_in(value)


def random_looking(value: str, least: int = LONG) -> bool:
    """A literal that nobody would choose for a name: digits and letters, turning often."""
    if len(value) < least or _TEMPLATE.search(value) or _UUID.fullmatch(value):
        return False
    if len(set(value)) < FEWEST_DIFFERENT or _WORDS.fullmatch(value):
        return False
    kinds = [_kind(c) for c in value]
    if "digit" not in kinds or not {"upper", "lower"} & set(kinds):
        return False
    return _turns(kinds) >= TURNS * (len(value) - 1) and filled_in(value)


def password(value: str) -> bool:
    """A shorter literal with letters, digits and signs of several kinds."""
    kinds = {_kind(c) for c in value}
    return len(kinds) >= 3 and random_looking(value, LEAST_PASSWORD)


def url_password(value: str, user: str) -> bool:
    """What stands between `user:` and `@host`, unless it is a word, a number or a template."""
    if len(value) < 6 or value == user or value.isdigit() or _TEMPLATE.search(value):
        return False
    words = re.fullmatch("[a-z]+|[A-Z]+|[a-z]+[^A-Za-z0-9][a-z]+", unquote(value))
    return filled_in(value) and not (words and len(value) < LONG_PASSWORD)


def _mixed(value: str) -> bool:
    if value.istitle() and value.isalpha():
        return False
    kinds = {_kind(c) for c in value} & {"upper", "lower", "digit"}
    return len(kinds) >= 2


def _kind(char: str) -> str:
    if char.isdigit():
        return "digit"
    if char.isupper():
        return "upper"
    if char.isalpha():
        return "lower"
    return "joint" if char in "-_./" else "sign"


def _turns(kinds: list[str]) -> int:
    """How often the kind of character changes; a capitalised word has no turn in it."""
    spoken = [kind for kind in kinds if kind != "joint"]
    return sum(a != b and (a, b) != ("upper", "lower") for a, b in pairwise(spoken))
