"""What a list of tasks says of each: a line of its state, kept beside it so that lists are fast."""

from __future__ import annotations

from dataclasses import dataclass

from gitagent.domain.task import TaskState
from gitagent.errors import Ending


@dataclass(frozen=True)
class Totals:
    """Of all runs of a task together: calls, tokens, USD, seconds."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    seconds: float
    llm_seconds: float
    gate_seconds: float


@dataclass(frozen=True)
class Summary:
    """`steps` are committed, `of` are planned (0 before there is a plan)."""

    id: str
    text: str
    branch: str
    created: str
    dry_run: bool
    ending: Ending | None
    steps: int
    of: int
    totals: Totals


@dataclass(frozen=True)
class Unreadable:
    """A ref that stands where a task's state would, and is none that can be read."""

    id: str
    reason: str
    hint: str


def summary(state: TaskState) -> Summary:
    """The line that a list shows of a task."""
    task = state.task
    return Summary(
        id=task.id,
        text=task.text,
        branch=task.branch,
        created=task.created,
        dry_run=task.dry_run,
        ending=state.ending,
        steps=len(state.checkpoints),
        of=len(state.plan.steps) if state.plan else 0,
        totals=totals(state),
    )


def totals(state: TaskState) -> Totals:
    """What a task has used so far."""
    verdicts = [a.verdict for a in state.attempts if a.verdict]
    base = sum(run.spent for run in state.base_runs or ())
    return Totals(
        calls=len(state.calls),
        prompt_tokens=sum(call.prompt_tokens for call in state.calls),
        completion_tokens=sum(call.completion_tokens for call in state.calls),
        cost_usd=round(state.spent, 6),
        seconds=round(state.seconds, 3),
        llm_seconds=round(sum(call.seconds for call in state.calls), 3),
        gate_seconds=round(base + sum(v.seconds for v in verdicts), 3),
    )
