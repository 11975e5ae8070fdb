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
from dataclasses import dataclass, replace

from gitagent.domain.context import Excerpt
from gitagent.domain.edit import EditFormat
from gitagent.edits import mentions
from gitagent.edits.source import FUNCTIONS, Source, parsed
from gitagent.edits.stubs import top_names
from gitagent.gates.demand import speaks_of_defect

WARMER_BY = 0.3
WARMEST = 0.9

FEW = 3
"""Functions that one change may be about; an output that names more says nothing."""

ADDS = re.compile(r"\b(?:add|adds|create|implement|introduce|provide|write|new)\b", re.IGNORECASE)
WORDS = re.compile(r"\w+")
REMOVES = re.compile(
    r"\b(?:remov|delet|drop|renam|mov(?:e|ing)|replac|get rid|unused|obsolete|dead|clean)",
    re.IGNORECASE,
)


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

FORKED = (
    Asking("closing_weak_code", 0.7, anew=True),
    Asking("closing_weak_two_parts", 0.8, anew=True),
    Asking("closing_weak_code", 0.7, anew=False),
    Asking("closing_weak_code", 0.9, anew=True),
)
"""The ways of a weak model that writes several answers to the same words, behind the first try. At
less warmth they are one answer four times over, and where it sees an answer it writes it again."""
FORKED_WARMTH = 0.7
"""Answers to the same words have one temperature; at less of it they are mostly the same answer."""


@dataclass(frozen=True)
class Ways:
    """How one try is asked for: by these questions side by side, each wanting so many further
    answers to the same words."""

    each: tuple[Asking, ...]
    further: int = 0

    @property
    def anew(self) -> bool:
        return self.each[0].anew

    @property
    def candidates(self) -> int:
        return len(self.each) * (1 + self.further)


def ways(
    n: int,
    edit_format: EditFormat,
    *,
    weak: bool,
    candidates: int = 1,
    forks: int = 0,
    beside: int | None = None,
) -> Ways:
    """How try `n`, from 1, is asked for where it may have so many `candidates`, of which there is
    time for `beside`; to one question the endpoint gives up to `forks` answers.

    There the first try of a weak model is the one answer that it holds for the best: it costs less
    than several, and the prompt is read for the others with it. Else every candidate is asked for
    in a way of its own.
    """
    usual = asking(n, edit_format, weak=weak)
    if candidates <= 1:
        return Ways((usual,))
    count = candidates if beside is None else min(beside, candidates)
    if forks < candidates:
        asked = (asking(n + k, edit_format, weak=weak) for k in range(count))
        return Ways(tuple(replace(each, anew=usual.anew) for each in asked))
    if not (weak and edit_format == "whole"):
        return Ways((replace(usual, temperature=FORKED_WARMTH),), count - 1)
    if n == 1:
        return Ways((usual,))
    return Ways((FORKED[(n - 2) % len(FORKED)],), count - 1)


def asking(n: int, edit_format: EditFormat, *, weak: bool) -> Asking:
    """How try `n`, from 1, is asked for."""
    if weak and edit_format == "whole":
        return WEAK[(n - 1) % len(WEAK)]
    warmth = min(WARMER_BY * (n - 1), WARMEST)
    return Asking(f"closing_{edit_format}", warmth, anew=False)


@dataclass(frozen=True)
class Wanted:
    """What a weak model is told to write, in words for a prompt: `code` is of which kind, `what`
    of it stands in the block, `first` is said before."""

    code: str = "corrected"
    what: str = "each function that changes, complete"
    first: str = "which line is wrong and what it must be instead"


ANYTHING = Wanted()
CHANGED = Wanted("changed", first="which lines change and how")
NEW = Wanted("new", first="how it must work")


def unwritten(shown: Excerpt) -> Wanted:
    """What is wanted of a file that is still to be written: all of it."""
    listed = " and ".join(f"`{name}`" for name in top_names(shown.path, shown.text))
    parts = f"{listed}, complete, and " if listed else "what is wanted, and "
    return replace(NEW, what=f"all of the file: {parts}the imports and helpers that it needs")


def wanted(task: str, shown: Excerpt | None, failing: str = "") -> Wanted:
    """The functions or classes that a task names, as far as the file has them, or a new one, else
    those that the output of failing tests names.

    A weak model that is told to write "what changes" writes all that it sees.
    """
    usual = ANYTHING if failing or speaks_of_defect(task) else CHANGED
    source = parsed(shown.path, shown.text) if shown else None
    if source is None:
        return usual
    telling, words, new = mentions.in_code(task), mentions.plain(task), _new(task, source)
    functions = [node.name for node in source.body if isinstance(node, FUNCTIONS)]
    owners = _owners(source, telling, words)
    if found := _each("function", functions, telling) or _members(owners, telling):
        return replace(usual, what=found)
    if new:
        named = [owner for owner in owners if owner.named]
        line = f"the line `class {named[0].name}:` and below it " if len(named) == 1 else ""
        kind = "method" if line else "function"
        return replace(NEW, what=f"{line}the new {kind} `{new}`, complete")
    tested = mentions.in_code(failing)
    for names in (words & tested, words, tested):
        found = _each("function", functions, names) or _members(owners, names)
        if found and len(names.intersection(functions)) <= FEW:
            return replace(usual, what=found)
    return usual


@dataclass(frozen=True)
class _Owner:
    """A class, its methods, and whether a task names it."""

    name: str
    methods: Sequence[str]
    named: bool


def _owners(source: Source, telling: Collection[str], words: Collection[str]) -> list[_Owner]:
    """Those that are named first; a class without methods is named for another reason."""
    found = [
        _Owner(
            owner.name,
            [m.name for m in owner.body if isinstance(m, FUNCTIONS)],
            owner.name in telling or owner.name in words,
        )
        for owner in source.classes()
    ]
    return sorted((each for each in found if each.methods), key=lambda each: not each.named)


def _members(owners: Sequence[_Owner], names: Collection[str]) -> str:
    """The methods of these names, of a class that is named or of the only one that has them."""
    having = [owner for owner in owners if set(owner.methods) & set(names)]
    if not having or (len(having) > 1 and not having[0].named):
        return ""
    owner = having[0]
    return f"the line `class {owner.name}:` and below it {_each('method', owner.methods, names)}"


def _each(kind: str, own: Sequence[str], names: Collection[str]) -> str:
    found = sorted(set(own) & set(names))
    listed = " and ".join(f"`{name}`" for name in found)
    return f"the {kind}{'s' * (len(found) > 1)} {listed}, complete" if found else ""


def may_remove(task: str) -> bool:
    """Whether a task speaks of taking something away."""
    return REMOVES.search(task) is not None


def _new(task: str, source: Source) -> str:
    """The name that a task wants added; empty where it wants none, or the file has it."""
    if not ADDS.search(task):
        return ""
    known = set(dir(builtins)) | set(WORDS.findall("".join(source.lines)))
    return next((name for name in mentions.marked(task) if name not in known), "")
