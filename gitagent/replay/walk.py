"""Walks the line once more for each run that a task had, in a repository that is thrown away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from gitagent import pipeline
from gitagent.domain.context import Context
from gitagent.domain.task import TaskState
from gitagent.git.dry_run import overlay
from gitagent.git.log import TaskLog
from gitagent.git.past import Past as Ancestors
from gitagent.git.repository import GitRepo
from gitagent.index.code import CodeIndex
from gitagent.index.mistakes import Grammars
from gitagent.line import Line, for_each
from gitagent.llm.redacting import RedactingModel
from gitagent.redaction import Redactor
from gitagent.replay.answers import RecordedModel
from gitagent.replay.course import Course, Findings
from gitagent.replay.difference import Cut, Difference, Elsewhere
from gitagent.replay.record import Past, pasts
from gitagent.replay.verdicts import RecordedGate
from gitagent.scratch import private_folder
from gitagent.site import cache_folder

MADE_ONCE = ("base_runs", "context", "plan")
NOBODY = ("gitagent", "gitagent@localhost")


@dataclass(frozen=True)
class Replay:
    """What came of a replay: the task as it was recorded, its runs, and what was found."""

    recorded: TaskState
    runs: tuple[Past, ...]
    findings: Findings

    @property
    def same(self) -> bool:
        """Whether every tree that was recorded has been rebuilt, and the task ended as it did."""
        return not any(found.leads_elsewhere for found in self.findings.differences)


def replay(log: TaskLog, redactor: Redactor) -> Replay:
    """Rebuild the trees of a task from its journal; no model, no gate, no network.

    The repository that the log is in is only read. Raises UsageError where the task cannot be
    replayed, Conflict where its log cannot be read.
    """
    runs, findings = pasts(log), Findings()
    with private_folder(cache_folder(), "replay-") as folder:
        repo = overlay(log.repo, folder, NOBODY)
        state = TaskState(log.state.task)
        for past in runs:
            course = Course(repo, past, _taken_over(state, past.opening), findings)
            try:
                ended = _again(log, repo, past, course, redactor)
            except Elsewhere as left:
                findings.add(left.difference)
                break
            for missed in _missed(past, course.state, ended=ended):
                findings.add(missed)
            state = course.state
    return Replay(log.state, runs, findings)


def _again(log: TaskLog, repo: GitRepo, past: Past, course: Course, redactor: Redactor) -> bool:
    """Walk the line as a run did; whether it came to an ending of its own."""
    model = RecordedModel(past, log.read, course)
    planner = RecordedModel(past, log.read, course, planner=True)
    known = log.state.context or Context()
    line = Line(
        repo=repo,
        log=course,
        index=CodeIndex(repo, Ancestors(repo), log.state.task.base),
        models={
            **for_each(RedactingModel(model, redactor)),
            "plan": RedactingModel(planner, redactor),
        },
        checks=RecordedGate(past, course),
        write_patches=lambda _base, _head: [],
        tell=lambda _news: None,
        rules=past.settings.rules,
        hide=redactor.hide,
        syntax=Grammars(),
        # what was said of folders then may be gone, or more now
        folders=lambda _tree, _paths, _room: known.folders,
    )
    try:
        pipeline.run(line)
    except Cut:
        return False
    return True


def _taken_over(state: TaskState, opening: TaskState) -> TaskState:
    """What a run began with: as rebuilt, without what it had reason to find out anew."""
    tries = {a.label: a.verdict for a in opening.attempts}
    steps = {c.step: c.verdict for c in opening.checkpoints}
    gone: Any = {name: None for name in MADE_ONCE if getattr(opening, name) is None}
    return replace(
        state,
        runs=opening.runs,
        attempts=tuple(replace(a, verdict=tries.get(a.label, a.verdict)) for a in state.attempts),
        checkpoints=tuple(
            replace(c, verdict=steps.get(c.step, c.verdict)) for c in state.checkpoints
        ),
        ending=None,
        message="",
        **gone,
    )


def _missed(past: Past, rebuilt: TaskState, *, ended: bool) -> Iterator[Difference]:
    """What a run had come to, and its replay has not."""
    closing = past.closing
    tries = {a.label for a in rebuilt.attempts}
    for attempt in closing.attempts:
        if attempt.label not in tries:
            yield Difference("step", f"try {attempt.label}", "it is not made any more")
    steps = {c.step for c in rebuilt.checkpoints}
    for checkpoint in closing.checkpoints:
        if checkpoint.step not in steps:
            yield Difference("step", f"step {checkpoint.step}", "it is not committed any more")
    if ended and rebuilt.ending != closing.ending:
        said = f"it ended as {closing.ending} and ends as {rebuilt.ending} now"
        yield Difference("ending", f"run {past.run.epoch}", said, rebuilt.message)
