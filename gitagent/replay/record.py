"""What the log of a task says of each of its runs, in order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from gitagent.domain.ask import is_ask
from gitagent.domain.call import Call
from gitagent.domain.rules import Settings
from gitagent.domain.run import Run
from gitagent.domain.task import TaskState
from gitagent.errors import Conflict, Ending, UsageError
from gitagent.git.log import SUMMARIES, TaskLog, history, state_at
from gitagent.git.repository import GitRepo

FROM_OUTSIDE = (None, Ending.INTERRUPTED, Ending.CONFLICT, Ending.INTERNAL)
"""Endings, or none, that nothing in the task's own course explains."""


@dataclass(frozen=True)
class Past:
    """One run: the state at its first event and at its last, and what shaped it."""

    run: Run
    settings: Settings
    opening: TaskState
    closing: TaskState

    @property
    def cut_off(self) -> bool:
        """Whether the run was stopped from outside, so that it went no further than it says."""
        return self.closing.ending in FROM_OUTSIDE

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that this run made itself."""
        before = {call.seq for call in self.opening.calls}
        return tuple(call for call in self.closing.calls if call.seq not in before)


def pasts(log: TaskLog) -> tuple[Past, ...]:
    """The runs of a task that got as far as its model.

    Raises UsageError where the task cannot be replayed, Conflict where the log cannot be read.
    """
    task = log.state.task
    if is_ask(task.id):
        raise UsageError(f"{task.id} is a question: it made no tree that could be made again.")
    if task.id.startswith(SUMMARIES):
        raise UsageError(f"{task.id} holds what was said of folders: it made no tree.")
    if task.dry_run:
        raise UsageError(f"Task {task.id} was a dry run: it kept nothing to compare with.")
    return tuple(
        _past(log.repo, task.id, commits)
        for commits in _by_run(log.repo, task.id)
        if len(commits) > 1  # a run that only began had no model yet
    )


def _by_run(repo: GitRepo, task_id: str) -> list[list[str]]:
    """The events of each run, as commits, oldest first."""
    events = [*history(repo, task_id)][::-1]
    return [[at for _, at in group] for _, group in groupby(events, lambda pair: pair[0].epoch)]


def _past(repo: GitRepo, task_id: str, commits: list[str]) -> Past:
    opening, closing = (state_at(repo, task_id, commits[n]) for n in (0, -1))
    if not closing.runs:
        raise Conflict(f"The log of task {task_id} does not say who wrote {commits[-1][:10]}.")
    run = closing.runs[-1]
    if run.settings is None:
        raise UsageError(
            f"Task {task_id} was recorded by a gitagent that did not keep what a replay needs."
        )
    return Past(run, run.settings, opening, closing)
