"""From the events of a task to its spans."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from gitagent.domain.event import Event
from gitagent.domain.span import Outcome, Span, run_span, span_id
from gitagent.domain.task import TaskState
from gitagent.errors import Conflict, Ending
from gitagent.trace.node import Node, close, flat
from gitagent.trace.placing import Known, Placing

SPAN_ID = "[0-9a-f]{16}"
LONGEST_S = 366 * 86400.0
FIRST_YEAR = 1970
"""A log may come from anywhere: nothing in it took longer, or was earlier, than this."""


def spans(events: Iterable[Event], state: TaskState) -> tuple[Span, ...]:
    """The spans of a task, each behind its parent, in the order of what was done.

    Empty where nothing has happened. Conflict where an event has no time that can be read.
    """
    known = Known(state)
    ordered = sorted(events, key=lambda event: event.n)
    runs = [_run(known, epoch, list(of)) for epoch, of in groupby(ordered, lambda e: e.epoch)]
    if not runs:
        return ()
    task = Node("task", span_id(state.task, "task"), f"task {state.task.id}", children=runs)
    task.outcome = _ended(state.ending)
    task.attributes = {"task": state.task.id, "branch": state.task.branch, "runs": len(runs)}
    if state.ending:
        task.attributes["ending"] = state.ending
    close(task, "unknown")
    return tuple(flat(task, _caller(state.task.parent_span)))


def unsent(found: Sequence[Span]) -> tuple[Span, ...]:
    """The spans that no earlier run can have exported: a run does so at its end, for itself and
    for those before it that had none. The task's own is among them each time, for it has grown."""
    runs = [span for span in found if span.kind == "run"]
    ended = [n for n, run in enumerate(runs[:-1]) if "ending" in run.attributes]
    sent = {run.id for run in runs[: ended[-1] + 1]} if ended else set()
    kept = []
    for span in found:
        if span.id in sent or span.parent in sent:
            sent.add(span.id)
        else:
            kept.append(span)
    return tuple(kept)


def _run(known: Known, epoch: int, events: Sequence[Event]) -> Node:
    node = Node("run", run_span(known.state.task, epoch), f"run {epoch}")
    node.attributes["epoch"] = epoch
    if run := known.runs.get(epoch):
        process = run.process
        node.attributes |= {"model": run.model, "host": process.host, "pid": process.pid}
    node.start = before = _instant(events[0].at)
    for event in events:
        end = _instant(event.at)
        Placing(known, node, event, _start(event, end, before), end).place()
        node.cover(end, end)
        before = end
    close(node, node.outcome or "unknown")
    return node


def _start(event: Event, end: datetime, before: datetime) -> datetime:
    """When that began which an event ends: not before the event in front of it, clocks allowing."""
    if not event.seconds:
        return min(before, end)
    start = end - timedelta(seconds=min(max(event.seconds, 0.0), LONGEST_S))
    return max(start, before) if before <= end else start


def _ended(ending: Ending | None) -> Outcome:
    if ending is None:
        return "unknown"
    return "ok" if ending is Ending.DONE else "error"


def _caller(span: str) -> str:
    """The caller's span, where it is one: the state may come from anywhere."""
    return span if re.fullmatch(SPAN_ID, span) else ""


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise Conflict(f"An event of this task has no time that can be read: {text}.") from error
    if found.year < FIRST_YEAR:
        raise Conflict(f"An event of this task is older than any task can be: {text}.")
    return found
