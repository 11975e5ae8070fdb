"""What a further run may believe of what the log of its task says.

A verdict is believed where it was found here, by the commands of this run. A log that came from
elsewhere is data: its questions and answers are used, what it says of itself is found out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gitagent.domain.plan import Plan, subject_line
from gitagent.domain.task import TaskState
from gitagent.domain.verdict import UNCHECKED


def unlearned(state: TaskState, gate: Sequence[str], *, local: bool) -> dict[str, Any]:
    """The fields of the state as a run begins with them, where they change.

    `gate` are the names of its commands; `local` says that the state was written here.
    """
    if not local:
        return _foreign(state)
    same = state.base_runs is None or [run.name for run in state.base_runs] == list(gate)
    return {} if same else _ungated(state)


def _ungated(state: TaskState) -> dict[str, Any]:
    attempts = tuple(replace(attempt, verdict=None) for attempt in state.attempts)
    return {"base_runs": None, "attempts": attempts}


def _foreign(state: TaskState) -> dict[str, Any]:
    steps = tuple(replace(step, verdict=UNCHECKED) for step in state.checkpoints)
    plan = _plain(state.plan) if state.plan else None
    return {**_ungated(state), "checkpoints": steps, "plan": plan, "delivery": {}}


def _plain(plan: Plan) -> Plan:
    """Titles that are one line: they become subjects of commits, and trailers stand below those."""
    steps = tuple(replace(step, title=subject_line(step.title)) for step in plan.steps)
    return replace(plan, steps=steps)
