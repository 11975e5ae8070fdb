"""Which names of code a sentence mentions, and which file a path in it means."""

from __future__ import annotations

import re
from collections.abc import Collection

from gitagent.edits.languages import EXTENSIONS

TICKED = re.compile(r"`([A-Za-z_]\w*)")
CALLED = re.compile(r"\b([A-Za-z_]\w*)\(")
TOKEN = re.compile(r"([\w./-]+)(\(?)")
WORD = re.compile(r"[A-Za-z_]\w*")
SHAPE = re.compile(r"_|[a-z][A-Z]|\A[A-Z][A-Z]+[a-z]")
LEAST, LEAST_PLAIN, LONGEST = 3, 4, 100


def paths(text: str) -> list[str]:
    """What may be a path: words with a slash or a file's extension."""
    return list(dict.fromkeys(found[1] for found in TOKEN.finditer(text) if _is_path(found)))


def marked(text: str) -> list[str]:
    """What stands in backticks or before a parenthesis, in order. A path is no name of code."""
    text = _without_paths(text)
    found = sorted((m.start(1), m[1]) for form in (TICKED, CALLED) for m in form.finditer(text))
    return list(dict.fromkeys(name for _, name in found))


def in_code(text: str) -> set[str]:
    """What is marked as code, or is written as no word is."""
    shaped = (word for word in _words(text) if SHAPE.search(word))
    return {name for name in (*marked(text), *shaped) if LEAST <= len(name) <= LONGEST}


def plain(text: str) -> set[str]:
    """The other words of some length, each of which may be a name, too."""
    return {word for word in _words(text) if len(word) >= LEAST_PLAIN} - in_code(text)


def meant(path: str, known: Collection[str]) -> str:
    """The one of `known` that a path means: itself, or the only one that ends so; else empty."""
    wanted = path.strip().removeprefix("./")
    if wanted in known:
        return wanted
    ends = ending_so(wanted, known)
    return ends[0] if len(ends) == 1 else ""


def ending_so(path: str, known: Collection[str]) -> list[str]:
    """Those of `known` of which a path may be the end."""
    return [each for each in known if path and each.endswith(f"/{path}")]


def _words(text: str) -> set[str]:
    return set(WORD.findall(_without_paths(text)))


def _without_paths(text: str) -> str:
    return TOKEN.sub(lambda found: " " if _is_path(found) else found[0], text)


def _is_path(found: re.Match[str]) -> bool:
    name, call = found[1].rstrip("."), found[2]
    return not call and (
        "/" in name.strip("/") or (name.rpartition(".")[2].lower() in EXTENSIONS and "." in name)
    )
