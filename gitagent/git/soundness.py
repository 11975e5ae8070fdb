"""What a task's state must be before anything is done with it: it may come from anywhere.

What is checked here is what is passed on: ids go to the object database, the trace into headers and
trailers, numbers decide where the next fact is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gitagent.domain.ask import is_ask
from gitagent.domain.context import Excerpt
from gitagent.domain.task import TaskState
from gitagent.errors import Conflict, UsageError
from gitagent.names import check_branch

OBJECT_ID, TRACE_ID = "[0-9a-f]{40}", "[0-9a-f]{32}"


def check_named(task_id: str, said: str, branch: str) -> None:
    """Conflict where a state speaks of another task, or of a branch that no task could have; a
    question has none."""
    fits = not branch if is_ask(task_id) else _is_branch(branch)
    if said != task_id or not fits:
        raise Conflict(f"It speaks of another task or branch: {said!a}, {branch!a}.")


def check(task_id: str, state: TaskState) -> None:
    """Conflict where a state could not be one of ours."""
    task = state.task
    check_named(task_id, task.id, task.branch)
    if (task.ask is not None) != is_ask(task_id):
        raise Conflict("Whether it is a task or a question depends on whom one asks.")
    if task.ask is not None and (state.checkpoints or state.attempts or state.plan):
        raise Conflict("A question has no steps.")
    _ids("base", [task.base, *([task.started_at] if task.started_at else [])])
    _ids("step", [made for c in state.checkpoints for made in (c.commit, c.tree)])
    _ids("try", [attempt.tree for attempt in state.attempts if attempt.tree])
    if not re.fullmatch(TRACE_ID, task.trace_id):
        raise Conflict("Its trace id is none.")
    _in_order("calls", [call.seq for call in state.calls])
    _in_order("steps", [checkpoint.step for checkpoint in state.checkpoints])
    _in_order("runs", [run.epoch for run in state.runs])
    contexts = [state.context, state.shown.context if state.shown else None]
    for context in contexts:
        _each_once(context.excerpts if context else ())
        _each_once(context.looked if context else ())
    planned = [step.n for step in state.plan.steps] if state.plan else []
    _in_order("planned steps", planned)
    if (state.plan and not planned) or len(state.checkpoints) > len(planned):
        raise Conflict("Its steps are not those of its plan.")


def _is_branch(name: str) -> bool:
    try:
        return check_branch(name) == name
    except UsageError:
        return False


def _ids(what: str, found: Iterable[str]) -> None:
    for each in found:
        if not re.fullmatch(OBJECT_ID, each):
            raise Conflict(f"The object of a {what} is none: {each[:80]!a}.")


def _each_once(excerpts: Sequence[Excerpt]) -> None:
    if len({excerpt.path for excerpt in excerpts}) < len(excerpts):
        raise Conflict("It shows a file twice.")


def _in_order(what: str, numbers: list[int]) -> None:
    if numbers != list(range(1, len(numbers) + 1)):
        raise Conflict(f"Its {what} are not numbered one after the other.")
