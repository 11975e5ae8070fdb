"""From a task to its steps: one, or as few as a model says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from gitagent.domain.call import Message, Reply, Request
from gitagent.domain.context import Context
from gitagent.domain.plan import Plan, PlanStep, subject_line
from gitagent.domain.rules import PlanMode
from gitagent.domain.want import Want
from gitagent.edits import json_reply, wants
from gitagent.errors import BadReply
from gitagent.ports import Model
from gitagent.stages import material
from gitagent.stages.prompts import render
from gitagent.stages.rounds import NONE, TOOLS, Rounds, exchange, invitation

MAX_TOKENS = 1500
MOST_LINES = 100_000
SMALL_TASK_WORDS = 60

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "steps": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "title": {"type": "string"},
                    "detail": {"type": "string"},
                    "paths": {"type": "array", "items": {"type": "string"}},
                    "lines": {"type": "integer"},
                },
                "required": ["title", "detail", "paths", "lines"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["steps"],
    "additionalProperties": False,
}
LOOK: dict[str, Any] = {
    **SCHEMA,
    "properties": {**SCHEMA["properties"], "look": {"type": "array", "items": {"type": "string"}}},
    "required": ["steps", "look"],
}
"""The same with a place for asks: who must keep to a schema could not ask otherwise."""
INSTEAD = "a plan"


def plan(
    model: Model,
    text: str,
    context: Context,
    *,
    tree: str,
    mode: PlanMode,
    max_steps: int,
    failing: str = "",
    another: bool = False,
    rounds: Rounds = NONE,
) -> Plan:
    """The steps of a task, `failing` being the tests that fail now. No model is asked in mode
    `never`, nor in `auto` for a small task or a weak model. It may ask to see more in `rounds`.
    Where an answer is no plan, it is asked again with the reason, then (`another` says that there
    is one) another model; then the task is one step."""
    if mode == "never" or (mode == "auto" and (model.profile.weak or _small(text))):
        return _single(text)
    first = _opening(text, context, failing, max_steps, asks=rounds.left > 0)
    request, reply = _asked(model, Request("plan", first, MAX_TOKENS, tree=tree), rounds)
    request = replace(request, schema=SCHEMA, tools=(), round=0)
    opening, reason = request.messages, ""
    for attempt in range(2, 4 if another else 3):
        try:
            return Plan(_steps(reply, max_steps), planned=True)
        except BadReply as error:
            reason = str(error)
        messages = opening if attempt == 3 else _again(opening, reply, reason)
        avoid = (reply.ref,) if attempt == 3 else ()
        request = replace(request, messages=messages, attempt=attempt, avoid=avoid)
        reply = model.complete(request)
    try:
        return Plan(_steps(reply, max_steps), planned=True)
    except BadReply:
        return _single(text)


def _asked(model: Model, request: Request, rounds: Rounds) -> tuple[Request, Reply]:
    """The first reply that is more than asks, and what it is the reply to."""
    for turn in range(rounds.left + 1):
        left = rounds.left - turn
        schema, tools = (LOOK, TOOLS) if left else (SCHEMA, ())
        request = replace(request, round=turn, schema=schema, tools=tools)
        reply = model.complete(request)
        found = _wants(reply) if left else ()
        if not found:
            break
        shown = exchange(reply.text, rounds.show(found), left - 1)
        request = replace(request, messages=(*request.messages, *shown))
    return request, reply


def _wants(reply: Reply) -> tuple[Want, ...]:
    """What is asked for in place of a plan; a plan of any length goes before it."""
    if reply.cut:
        return ()
    with suppress(BadReply):
        if json_reply.read(reply.text, "steps", _is_plan)["steps"]:
            return ()
    return wants.read(reply.text)[0]


def _again(opening: tuple[Message, ...], reply: Reply, reason: str) -> tuple[Message, ...]:
    said = Message("user", f"That is not a plan: {reason} Answer with the JSON only.")
    return (*opening, Message("assistant", reply.text), said)


def _single(text: str) -> Plan:
    return Plan((PlanStep(1, subject_line(text), text),))


def _small(text: str) -> bool:
    enumerated = re.search(r"^\s*(?:[-*]|\d+[.)])\s", text, re.MULTILINE)
    return not enumerated and len(text.split()) < SMALL_TASK_WORDS


def _opening(
    text: str, context: Context, failing: str, max_steps: int, *, asks: bool
) -> tuple[Message, ...]:
    """Begins as the questions for code do, so that what was read for one is kept for the others."""
    rules = render("system")
    task = material.question(context, failing, text)
    wanted = render("plan", max_steps=str(max_steps))
    look = f"{invitation(INSTEAD)}\n" if asks else ""
    told = f"{material.folders(context)}{wanted}\n{look}"
    question = f"{task}\n{told}{render('closing_plan')}"
    return Message("system", rules, len(rules)), Message("user", question, len(task))


def _steps(reply: Reply, max_steps: int) -> tuple[PlanStep, ...]:
    found = json_reply.read(reply.text, "steps", _is_plan, whole=not reply.cut)
    rows = found["steps"]
    if not rows:
        raise BadReply("Its list `steps` is empty.")
    if len(rows) > max_steps:
        raise BadReply(f"It has {len(rows)} steps; {max_steps} are the most.")
    return tuple(_step(n, row) for n, row in enumerate(rows, 1))


def _step(n: int, row: Any) -> PlanStep:
    title, detail, paths = _fields(row)
    if title is None:
        raise BadReply(f"Step {n} has no title.")
    known = [path for path in paths or () if isinstance(path, str)]
    return PlanStep(n, subject_line(title), detail or title, tuple(known), _lines(row.get("lines")))


def _lines(said: Any) -> int:
    """How many lines a step is said to change: a number, the higher one of two, or 0."""
    if isinstance(said, int | float) and not isinstance(said, bool):
        return int(min(max(said, 0), MOST_LINES)) if said == said else 0
    numbers = re.findall(r"\d{1,6}", said.replace(",", "")) if isinstance(said, str) else ()
    return min(max(map(int, numbers), default=0), MOST_LINES)


def _is_plan(found: Mapping[str, Any]) -> bool:
    """Whether it is what was asked for to the letter: what had to be mended is not stretched."""
    return found.keys() <= {"steps", "look"} and all(
        isinstance(row, dict)
        and row.keys() <= {"title", "detail", "paths", "lines"}
        and isinstance(row.get("title"), str)
        and isinstance(row.get("detail", ""), str)
        and isinstance(row.get("paths") or [], list)
        and all(isinstance(path, str) for path in row.get("paths") or ())
        and isinstance(row.get("lines") or 0, int | str)
        for row in found["steps"]
    )


def _fields(row: Any) -> tuple[str | None, str | None, Sequence[Any] | None]:
    """Title, detail and paths of a step, each None where it is not of its kind."""
    fields = row if isinstance(row, dict) else {}
    title, detail, paths = (fields.get(key) for key in ("title", "detail", "paths"))
    return (
        title if isinstance(title, str) and title.strip() else None,
        detail if isinstance(detail, str) and detail.strip() else None,
        paths if isinstance(paths, list) else None,
    )
