"""What the tasks of a bad day are: ten kinds, and what the model says in each.

Every task has a ticket's number in its text, so each of its questions is its own. The answers
depend on what is asked and on nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import CALC, block, line_of, plan_of

from gitagent.testing.chaos import Say

ENOUGH, POOR, NOTHING = 0.5, 0.0088, 0.004
"""Budgets: for a whole bad day; for one call whose outcome nobody knows; for no call at all."""
MANY, FEW = 40, 2

Messages = Sequence[Mapping[str, Any]]

FIXED = CALC.replace("return a - b", "return a + b", 1)
TWICE = FIXED.replace("return a - b", "return a - b - 0")
UNFIT = block("calc.py", "def mul(a, b):\n    return a", "def mul(a, b):\n    return a * b")
SECOND = block(
    "calc.py", "def sub(a, b):\n    return a - b", "def sub(a, b):\n    return a - b - 0"
)
SIGNS = ("*", "/", "%", "//", "**", "|", "&", "^")


@dataclass(frozen=True)
class Kind:
    """One kind of task: what the model says, how it ends where the providers let it, and what
    `calc.py` is then on its branch."""

    name: str
    says: Callable[[Messages], str]
    ending: str = "done"
    calc: str = FIXED
    planned: bool = False
    budget: float = ENOUGH
    calls: int = MANY


def _one(_messages: Messages) -> str:
    return line_of("+")


def _two(messages: Messages) -> str:
    if _asked(messages, "Reply with the JSON only"):
        return plan_of("Add", "Subtract")
    if _asked(messages, "Your step now (2"):
        return SECOND
    # without a plan that could be read the task is one step
    return line_of("+") + ("" if _asked(messages, "Your step now (1") else SECOND)


def _red(messages: Messages) -> str:
    return line_of("+" if _again(messages) else "*")


def _misfit(messages: Messages) -> str:
    return line_of("+") if _again(messages) else UNFIT


def _hopeless(messages: Messages) -> str:
    """Another wrong sign than the last one."""
    said = "".join(m["content"] for m in messages if m["role"] == "assistant")
    return line_of(next(sign for sign in SIGNS if f"a {sign} b\n>>>>>>>" not in said))


def _prose(_messages: Messages) -> str:
    return "I have looked at it, and it seems to me that nothing has to be changed there."


def _again(messages: Messages) -> bool:
    """Whether the model has said something before. What was wrong with it may be forgotten by
    now: only the last exchange is kept in a question."""
    return any(m["role"] == "assistant" for m in messages)


def _asked(messages: Messages, words: str) -> int:
    """How many of the messages to the model have these words."""
    return sum(words in m["content"] for m in messages if m["role"] == "user")


KINDS = (
    Kind("one step", _one),
    Kind("two steps", _two, calc=TWICE, planned=True),
    Kind("a red gate", _red),
    Kind("a misfit", _misfit),
    Kind("two steps", _two, calc=TWICE, planned=True),
    Kind("too few calls", _two, calc=TWICE, planned=True, calls=FEW),
    Kind("too small a budget", _red, budget=POOR),
    Kind("no budget for a call", _one, budget=NOTHING),
    Kind("never green", _hopeless, ending="gate-failed"),
    Kind("never an edit", _prose, ending="no-change", calc=CALC),
)


def kind_of(ticket: int) -> Kind:
    return KINDS[ticket % len(KINDS)]


def ticket_in(request: Mapping[str, Any]) -> int:
    """The ticket that a request to a model belongs to."""
    found = re.search(r"ticket (\d+)", json.dumps(request["messages"]))
    assert found, "a question that belongs to no ticket"
    return int(found.group(1))


def answer(request: dict[str, Any]) -> Say:
    """What the model says, at either provider."""
    return Say(kind_of(ticket_in(request)).says(request["messages"]))
