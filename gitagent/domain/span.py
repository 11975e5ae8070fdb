"""A span of a task's trace, and ids for spans that nobody has to keep.

An id follows from the trace and from what the span is about: it is known before a call is sent, so
that the provider's own trace hangs below it, and it is the same whoever reads the log later. The
task's id is part of it, since two tasks may have been asked for in one trace.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from gitagent.domain.event import Event, Kind
from gitagent.domain.task import Task

SPAN_ID_DIGITS = 16
CALLS = (Kind.RESERVED, Kind.ANSWERED, Kind.FAILED)
RUNS = (Kind.CREATED, Kind.BEGAN, Kind.ENDED)

Outcome = Literal["ok", "error", "unknown"]
Attribute = str | int | float | bool


@dataclass(frozen=True)
class Span:
    """One piece of work. `parent` is empty, or the caller's, for the task itself.

    `kind` is one word for all spans of a sort, `name` tells them apart. `start` is UTC, ISO 8601.
    An `unknown` outcome is that of work whose end nobody has seen.
    """

    id: str
    parent: str
    kind: str
    name: str
    start: str
    seconds: float
    outcome: Outcome
    attributes: dict[str, Attribute] = field(default_factory=dict)


def span_id(task: Task, about: str) -> str:
    """16 hex digits; the same for the same thing in every run of the task."""
    named = f"{task.trace_id} {task.id} {about}"
    return hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()[:SPAN_ID_DIGITS]


def call_span(task: Task, seq: int | str) -> str:
    """The span of the model call with this number."""
    return span_id(task, f"call {seq}")


def run_span(task: Task, epoch: int) -> str:
    """The span of one run."""
    return span_id(task, f"run {epoch}")


def event_span(task: Task, event: Event) -> str:
    """The span that an event is part of or ends."""
    if event.kind in CALLS:
        return call_span(task, event.about)
    if event.kind in RUNS:
        return run_span(task, event.epoch)
    if event.kind is Kind.PLANNED:
        return span_id(task, f"run {event.epoch} plan")
    return span_id(task, f"event {event.n}")
