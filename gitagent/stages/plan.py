"""From a task to its steps: one, or as few as a model says."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from gitagent.domain.call import Message, Request
from gitagent.domain.context import Context
from gitagent.domain.plan import Plan, PlanStep, subject_line
from gitagent.domain.rules import PlanMode
from gitagent.errors import BadReply
from gitagent.ports import Model
from gitagent.stages import material
from gitagent.stages.prompts import render

MAX_TOKENS = 1500
TRIES = 2
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
                },
                "required": ["title", "detail", "paths"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["steps"],
    "additionalProperties": False,
}


def plan(
    model: Model, text: str, context: Context, *, tree: str, mode: PlanMode, max_steps: int
) -> Plan:
    """The steps of a task. No model is asked in mode `never`, nor in `auto` for a small task or
    a weak model; where its answers are no plan, the task is one step."""
    if mode == "never" or (mode == "auto" and (model.profile.weak or _small(text))):
        return _single(text)
    messages = _opening(text, context, max_steps)
    for attempt in range(1, TRIES + 1):
        request = Request("plan", messages, MAX_TOKENS, attempt=attempt, tree=tree, schema=SCHEMA)
        reply = model.complete(request)
        try:
            return Plan(_steps(reply.text, max_steps), planned=True)
        except BadReply as error:
            again = Message("user", f"That is not a plan: {error} Answer with the JSON only.")
            messages = (*messages, Message("assistant", reply.text), again)
    return _single(text)


def _single(text: str) -> Plan:
    return Plan((PlanStep(1, subject_line(text), text),))


def _small(text: str) -> bool:
    enumerated = re.search(r"^\s*(?:[-*]|\d+[.)])\s", text, re.MULTILINE)
    return not enumerated and len(text.split()) < SMALL_TASK_WORDS


def _opening(text: str, context: Context, max_steps: int) -> tuple[Message, ...]:
    task = render(
        "task",
        files=material.files(context.excerpts),
        listing=material.listing(context),
        failing="",
        task=text,
    )
    rules = render("plan", max_steps=str(max_steps))
    question = f"{task}\n{render('closing_plan')}"
    return Message("system", rules), Message("user", question)


def _steps(reply: str, max_steps: int) -> tuple[PlanStep, ...]:
    rows = _object(reply).get("steps")
    if not isinstance(rows, list) or not rows:
        raise BadReply("It has no list `steps`.")
    if len(rows) > max_steps:
        raise BadReply(f"It has {len(rows)} steps; {max_steps} are the most.")
    return tuple(_step(n, row) for n, row in enumerate(rows, 1))


def _step(n: int, row: Any) -> PlanStep:
    if not isinstance(row, dict) or not str(row.get("title", "")).strip():
        raise BadReply(f"Step {n} has no title.")
    title = str(row["title"])
    paths: Sequence[Any] = row["paths"] if isinstance(row.get("paths"), list) else ()
    detail = str(row.get("detail") or title)
    return PlanStep(n, subject_line(title), detail, tuple(str(path) for path in paths))


def _object(reply: str) -> dict[str, Any]:
    start, end = reply.find("{"), reply.rfind("}")
    try:
        found = json.loads(reply[start : end + 1])
    except ValueError as error:
        raise BadReply(f"It is not valid JSON ({error}).") from error
    return found if isinstance(found, dict) else {}
