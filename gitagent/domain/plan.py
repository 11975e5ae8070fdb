"""How a task is cut into steps."""

from __future__ import annotations

import re
from dataclasses import dataclass

SUBJECT_LENGTH = 72


@dataclass(frozen=True)
class PlanStep:
    """One commit to be: `title` is its subject line, `detail` what the model is told to do."""

    n: int
    title: str
    detail: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The steps in order; `planned` is False where no model was asked for a plan."""

    steps: tuple[PlanStep, ...]
    planned: bool = False


def subject_line(text: str) -> str:
    """A commit's subject out of a sentence: its first clause, capital, no full stop, short."""
    plain = "".join(c for c in " ".join(text.split()) if c.isprintable())
    first = re.split(r"(?<=[.!?;])\s", plain.strip(), maxsplit=1)[0].rstrip(".!?;: ")
    line = first[:1].upper() + first[1:]
    if len(line) > SUBJECT_LENGTH:
        short = line[: SUBJECT_LENGTH - 1]
        line = (short.rpartition(" ")[0] or short).rstrip(",;: ") + "…"
    return line or "Change"
