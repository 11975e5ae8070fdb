"""How each try of a step is asked for.

A strong model is told what became of its last reply. A weak one repeats its mistake when it sees
it, so it is mostly asked anew, in other words and with more chance; its prompt stays the same up
to the last lines, which a server with a prompt cache does not read twice. The words and their
order were chosen by trying them on small repositories with Qwen2.5-Coder-1.5B.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gitagent.domain.context import Excerpt
from gitagent.domain.edit import EditFormat
from gitagent.edits import mentions
from gitagent.edits.source import FUNCTIONS, Source, parsed

WARMER_BY = 0.3
WARMEST = 0.9

ADDS = re.compile(r"\b(?:add|adds|create|implement|introduce|provide|write|new)\b", re.IGNORECASE)
WORDS = re.compile(r"\w+")
HOW, WHERE = "how it must work", "which lines change, and how"


@dataclass(frozen=True)
class Asking:
    """The prompt that closes the question, the temperature, and whether the last exchange is left
    out."""

    closing: str
    temperature: float
    anew: bool


WEAK = (
    Asking("closing_weak_code", 0.0, anew=True),
    Asking("closing_weak_two_parts", 0.4, anew=True),
    Asking("closing_weak_two_parts", 0.2, anew=False),
    Asking("closing_weak_code", 0.4, anew=True),
)


def asking(n: int, edit_format: EditFormat, *, weak: bool) -> Asking:
    """How try `n`, from 1, is asked for."""
    if weak and edit_format == "whole":
        return WEAK[(n - 1) % len(WEAK)]
    warmth = min(WARMER_BY * (n - 1), WARMEST)
    return Asking(f"closing_{edit_format}", warmth, anew=False)


@dataclass(frozen=True)
class Wanted:
    """What a weak model is told to write, and to say before, in words that end a sentence."""

    what: str = "each function that changes, complete,"
    first: str = "which line is wrong, and what it must be instead"


ANYTHING = Wanted()


def wanted(task: str, shown: Excerpt | None, *, defect: bool = False) -> Wanted:
    """The functions or classes that a task names, as far as the file has them, or a new one.

    A weak model that is told to write "what changes" writes all that it sees.
    """
    source = parsed(shown.path, shown.text) if shown else None
    if source is None:
        return ANYTHING
    named = _Named(mentions.in_code(task), mentions.plain(task), _new(task, source))
    how, first = ("corrected", ANYTHING.first) if defect else ("changed", WHERE)
    functions = [node.name for node in source.body if isinstance(node, FUNCTIONS)]
    found = (
        _each(f"the {how} function", functions, named.telling)
        or _methods(source, named, how)
        or (f"only the new function `{named.new}`, complete," if named.new else "")
        or _each(f"the {how} function", functions, named.words)
    )
    if not found:
        return ANYTHING
    return Wanted(found, HOW if named.new and f"`{named.new}`" in found else first)


@dataclass(frozen=True)
class _Named:
    """What a task names: code for certain, words that may be code, and what is to be added."""

    telling: Collection[str]
    words: Collection[str]
    new: str


def _each(what: str, names: Sequence[str], named: Collection[str]) -> str:
    found = sorted(set(names) & set(named))
    listed = " and ".join(f"`{name}`" for name in found)
    return f"{what}{'s' * (len(found) > 1)} {listed}, complete," if found else ""


def _methods(source: Source, named: _Named, how: str) -> str:
    """What of the class that is named, or of the only one that has a method that is named."""
    methods = {
        owner.name: [m.name for m in owner.body if isinstance(m, FUNCTIONS)]
        for owner in source.classes()
    }
    meant = [name for name in methods if name in named.telling or name in named.words]
    meant = meant or [name for name, own in methods.items() if set(own) & set(named.telling)]
    if len(meant) != 1:
        return ""
    own = methods[meant[0]]
    members = (
        _each(f"the {how} method", own, named.telling)
        or (f"the new method `{named.new}`, complete," if named.new else "")
        or _each(f"the {how} method", own, named.words)
        or "the methods that are new or change, each complete,"
    )
    return f"the line `class {meant[0]}:` and below it only {members}"


def _new(task: str, source: Source) -> str:
    """The name that a task wants added; empty where it wants none, or the file has it."""
    if not ADDS.search(task):
        return ""
    known = set(dir(builtins)) | set(WORDS.findall("".join(source.lines)))
    return next((name for name in mentions.marked(task) if name not in known), "")
