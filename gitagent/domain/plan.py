"""How a task is cut into steps."""

from __future__ import annotations

import re
from dataclasses import dataclass

SUBJECT_LENGTH, LEAST = 72, 20
CODE_FIRST = re.compile(r"\S*[_(.`/]")
CLAUSE_END = re.compile(r"[:,] ")


MUCH, MUCH_MORE = 200, 5
"""A step is far larger than it was planned where it changes more lines than the first number, and
so many times as many as the plan says."""


@dataclass(frozen=True)
class Also:
    """A path that changes beside those that a step was planned with, and why, in a model's words;
    empty where nobody said."""

    path: str
    because: str = ""


@dataclass(frozen=True)
class PlanStep:
    """One commit to be: `title` is its subject line, `detail` what the model is told to do.

    `paths` are the files or folders that it was planned to change, `lines` about how many lines of
    them; 0 where the plan does not say. `also` is what came to it later.
    """

    n: int
    title: str
    detail: str
    paths: tuple[str, ...] = ()
    lines: int = 0
    also: tuple[Also, ...] = ()

    def exceeded(self, lines: int) -> bool:
        """Whether so many changed lines are far more than planned."""
        return bool(self.lines) and lines > MUCH and lines > MUCH_MORE * self.lines


@dataclass(frozen=True)
class Plan:
    """The steps in order; `planned` is False where no model was asked for a plan."""

    steps: tuple[PlanStep, ...]
    planned: bool = False


def subject_line(text: str) -> str:
    """A commit's subject out of a sentence: its first clause, capital, no full stop, short.

    A name of the code is not capitalised.
    """
    plain = "".join(c for c in " ".join(text.split()) if c.isprintable())
    first = re.split(r"(?<=[.!?;])\s", plain.strip(), maxsplit=1)[0].rstrip(".!?;: ")
    line = first if CODE_FIRST.match(first) else first[:1].upper() + first[1:]
    return _shortened(line) or "Change"


def _shortened(line: str) -> str:
    """At most 72 characters: up to the end of a clause, else of a word."""
    if len(line) <= SUBJECT_LENGTH:
        return line
    clauses = [m.start() for m in CLAUSE_END.finditer(line) if LEAST <= m.start() <= SUBJECT_LENGTH]
    if clauses:
        return line[: clauses[-1]]
    short = line[: SUBJECT_LENGTH - 1]
    return (short.rpartition(" ")[0] or short).rstrip(",;: ") + "…"
