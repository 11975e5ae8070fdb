"""A task, and all that is known of it: the value that every stage adds to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gitagent.domain.ask import Answer, Ask
from gitagent.domain.call import Call
from gitagent.domain.context import Context, StepContext
from gitagent.domain.plan import Also, Plan
from gitagent.domain.run import Run
from gitagent.domain.verdict import CommandRun, Verdict
from gitagent.errors import Ending

BRANCHES = "refs/heads/"


@dataclass(frozen=True)
class Task:
    """What was asked, and from where it starts.

    `base` is the commit that the branch grows from, `started_at` the commit that the user named
    (they differ where uncommitted work was included). `created` is UTC, ISO 8601. `trace_id` is a
    W3C trace id, `parent_span` the span of whoever asked for the task, where there is one. A dry
    run leaves nothing but its calls. With an `ask` the text is a question and there is no branch.
    """

    id: str
    text: str
    branch: str
    base: str
    trace_id: str
    created: str
    started_at: str = ""
    dry_run: bool = False
    parent_span: str = ""
    ask: Ask | None = None


@dataclass(frozen=True)
class Attempt:
    """One proposal of a step: the tree it made and, once the gate has run, the verdict on it.

    `tree` is empty where the reply could not be applied; `problems` then says why. `subject` is
    the commit's subject line as the model proposed it, if it did; `also` is what it adds to the
    plan. Where a try has several candidates, `candidate` counts them from 1; 0 is the only one.
    """

    step: int
    n: int
    model: str
    tree: str = ""
    subject: str = ""
    problems: tuple[str, ...] = ()
    verdict: Verdict | None = None
    candidate: int = 0
    also: tuple[Also, ...] = ()

    @property
    def label(self) -> str:
        """STEP.TRY, or STEP.TRY.CANDIDATE: its name within the task."""
        return f"{self.step}.{self.n}" + (f".{self.candidate}" if self.candidate else "")


@dataclass(frozen=True)
class Checkpoint:
    """An accepted step: one commit on the task's branch; `lines` are those added and removed."""

    step: int
    title: str
    commit: str
    tree: str
    model: str
    provider: str
    attempts: int
    files: tuple[str, ...]
    verdict: Verdict
    lines: int = 0


@dataclass(frozen=True)
class TaskState:
    """All that is known of one task; the state ref's tree holds exactly this.

    `seconds` is the time that its runs took together; the last of `runs` is the one that may write.
    `shown` is the context of the step that is being taken, `part` the characters of each part in
    which a question has everything read.
    """

    task: Task
    context: Context | None = None
    plan: Plan | None = None
    base_runs: tuple[CommandRun, ...] | None = None
    attempts: tuple[Attempt, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()
    calls: tuple[Call, ...] = ()
    ending: Ending | None = None
    message: str = ""
    seconds: float = 0.0
    delivery: dict[str, Any] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()
    answer: Answer | None = None
    shown: StepContext | None = None
    part: int = 0

    @property
    def head(self) -> str:
        """The commit at the tip of the task's branch."""
        return self.checkpoints[-1].commit if self.checkpoints else self.task.base

    @property
    def epoch(self) -> int:
        """The number of the run that may write; 0 before there is one."""
        return self.runs[-1].epoch if self.runs else 0

    @property
    def spent(self) -> float:
        """USD, with what is reserved for calls whose answer is not known."""
        # a log from elsewhere must not make room in the budget
        return sum(max(0.0, call.cost_usd) for call in self.calls)
