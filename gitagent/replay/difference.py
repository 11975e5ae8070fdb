"""What a replay has to say where it does not come to what was recorded."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from gitagent.domain.call import Message, Request
from gitagent.domain.codec import from_json
from gitagent.domain.context import Context
from gitagent.domain.plan import Plan
from gitagent.llm.exchange import question

Kind = Literal[
    "context", "plan", "prompt", "problems", "commit", "tree", "verdict", "answer", "ending", "step"
]
LEADING = ("tree", "verdict", "answer", "ending", "step")
"""Kinds after which the task is not the same any more; the others are only said."""

DIFF_LINES, DIFF_CONTEXT = 24, 2


@dataclass(frozen=True)
class Difference:
    """One difference: `where` is a call, a try, a step; `diff` shows it, from then to now."""

    kind: Kind
    where: str
    said: str
    diff: str = ""

    @property
    def leads_elsewhere(self) -> bool:
        return self.kind in LEADING


class Cut(BaseException):
    """The recorded run came no further.

    Like the signal that may have ended that run, it is not for the line to catch.
    """


class Elsewhere(BaseException):
    """The replay has left the recorded course; there is nothing to follow from here on.

    It is no ending of the task, so the line must not catch it.
    """

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.said)
        self.difference = difference


def in_prompt(where: str, recorded: Request, now: Request) -> Difference | None:
    """How a question is asked differently now; None where it is asked the same."""
    kept = from_json(question(now), Request)
    for n, (old, new) in enumerate(zip(recorded.messages, kept.messages, strict=False), 1):
        if old != new:
            said = f"message {n} ({_role(old, new)}) is another one now"
            return Difference("prompt", where, said, short_diff(old.content, new.content))
    for name, before, after in _further(recorded, kept):
        if before != after:
            return Difference("prompt", where, f"{name} was {before} and is {after} now")
    return None


def _role(old: Message, new: Message) -> str:
    return old.role if old.role == new.role else f"{old.role}, now {new.role}"


def _further(old: Request, new: Request) -> Iterator[tuple[str, object, object]]:
    yield "the number of messages", len(old.messages), len(new.messages)
    yield "the bound on the reply, in tokens,", old.max_tokens, new.max_tokens
    yield "the temperature", old.temperature, new.temperature
    yield "the schema", old.schema, new.schema


def in_context(recorded: Context, now: Context) -> Difference | None:
    """How the context is another one: what is shown, then the ranking, then the listing."""
    for name, old, new in (
        ("what is shown", _shown(recorded), _shown(now)),
        ("the ranking", _ranked(recorded), _ranked(now)),
        ("the listing", [*recorded.listing], [*now.listing]),
    ):
        if old != new:
            diff = short_diff("\n".join(old), "\n".join(new))
            return Difference("context", "context", f"{name} is another one now", diff)
    return None


def _shown(context: Context) -> list[str]:
    """Without the text: that is the tree's, and secrets are taken out of what is kept of it."""
    return [
        " ".join([e.path, "whole" if e.whole else "", *(f"{s.start}-{s.end}" for s in e.spans)])
        for e in context.excerpts
    ]


def _ranked(context: Context) -> list[str]:
    return [f"{hit.path} ({', '.join(hit.why)})" for hit in context.hits]


def in_plan(recorded: Plan, now: Plan) -> Difference | None:
    """How the steps are others."""
    if _as_made(recorded) == _as_made(now):
        return None
    diff = short_diff(_steps(recorded), _steps(now))
    return Difference("plan", "plan", "the steps are others now", diff)


def _as_made(plan: Plan) -> Plan:
    """Without what came to it while its steps were taken."""
    return replace(plan, steps=tuple(replace(step, also=()) for step in plan.steps))


def _steps(plan: Plan) -> str:
    asked = "planned" if plan.planned else "not planned"
    rows = [f"{s.n}. {s.title}: {s.detail} [{', '.join(s.paths)}]" for s in plan.steps]
    return "\n".join([asked, *rows])


def short_diff(old: str, new: str) -> str:
    """A unified diff from what was recorded to what is now."""
    sides = old.splitlines(), new.splitlines()
    return cut(difflib.unified_diff(*sides, "recorded", "now", n=DIFF_CONTEXT, lineterm=""))


def cut(lines: Iterable[str]) -> str:
    """The first few lines, and how many more there are."""
    every = list(lines)
    left = len(every) - DIFF_LINES
    return "\n".join([*every[:DIFF_LINES], f"[{left} more lines]"] if left > 1 else every)
