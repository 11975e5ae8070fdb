"""Follows the recorded course of one run: the log that a replay writes to, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gitagent.domain.call import Call
from gitagent.domain.event import Kind
from gitagent.domain.task import Attempt, Checkpoint, TaskState
from gitagent.errors import AgentError
from gitagent.git.repository import GitRepo
from gitagent.replay.difference import (
    Cut,
    Difference,
    Elsewhere,
    cut,
    in_context,
    in_plan,
    short_diff,
)
from gitagent.replay.difference import Kind as Unlike
from gitagent.replay.record import Past

MADE = {
    "base_runs": "the base's gate",
    "context": "the context",
    "plan": "the plan",
    "delivery": "the delivery",
}
SHORT = 10


@dataclass
class Findings:
    """What a replay has found so far.

    `tries` and `steps` map what was recorded to the tree that was rebuilt for it; `asked` maps the
    number of a call to whether it is asked the same, for each call that came up again.
    """

    tries: dict[str, str] = field(default_factory=dict)
    steps: dict[int, str] = field(default_factory=dict)
    asked: dict[int, bool] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    def add(self, difference: Difference | None) -> None:
        if difference is not None and difference not in self.differences:
            self.differences.append(difference)


class Course:
    """Implements ports.Log in memory, beside what the log says of the same run.

    Raises Cut where the recorded run came no further, Elsewhere where the replay makes what was
    not made then.
    """

    def __init__(self, repo: GitRepo, past: Past, state: TaskState, findings: Findings) -> None:
        self._repo = repo
        self._past = past
        self.findings = findings
        self.state = state

    def record(
        self,
        kind: Kind,
        said: str = "",
        *,
        about: str = "",
        lasted: float = 0.0,
        notes: Mapping[str, bytes] | None = None,
        code: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> None:
        recorded = self._past.closing
        for name in MADE.keys() & changes.keys():
            if getattr(recorded, name) in (None, {}):
                raise self.leaving("step", MADE[name], "it was not made when the task was recorded")
        if kind is Kind.ENDED and self._past.cut_off:
            raise Cut
        if "context" in changes and recorded.context is not None:
            self.findings.add(in_context(recorded.context, changes["context"]))
        if "plan" in changes and recorded.plan is not None:
            self.findings.add(in_plan(recorded.plan, changes["plan"]))
        self.state = replace(self.state, **changes)

    def note(self, **facts: Any) -> None:
        pass

    def add_attempt(self, attempt: Attempt) -> None:
        """An attempt; the trees of the two must be the same."""
        place, where = attempt.label, f"try {attempt.label}"
        recorded = next((a for a in self._past.closing.attempts if a.label == place), None)
        if recorded is None:
            raise self.leaving("step", where, "it was not made when the task was recorded")
        self.findings.tries[place] = attempt.tree
        if attempt.tree != recorded.tree:
            raise Elsewhere(self._unlike(where, recorded, attempt))
        if attempt.problems != recorded.problems:
            diff = short_diff("\n".join(recorded.problems), "\n".join(attempt.problems))
            said = "what is wrong with the edits is said in other words"
            self.findings.add(Difference("problems", where, said, diff))
        kept = (a for a in self.state.attempts if a.label != place)
        self.state = replace(self.state, attempts=(*kept, attempt))

    def add_checkpoint(self, checkpoint: Checkpoint) -> Checkpoint:
        """A step; the commit is the replay's own, the recorded one has other times in it."""
        where = f"step {checkpoint.step}"
        recorded = {c.step: c for c in self._past.closing.checkpoints}.get(checkpoint.step)
        if recorded is None:
            raise self.leaving("step", where, "it was not committed when the task was recorded")
        self.findings.steps[checkpoint.step] = checkpoint.tree
        self._compare_commits(where, recorded.commit, checkpoint)
        self.state = replace(self.state, checkpoints=(*self.state.checkpoints, checkpoint))
        return checkpoint

    def settle(self) -> str:
        return ""

    def read(self, name: str) -> bytes | None:
        return None

    def took(self, call: Call) -> None:
        """A recorded call is one of this run's now."""
        others = (c for c in self.state.calls if c.seq != call.seq)
        calls = tuple(sorted((*others, call), key=lambda c: c.seq))
        self.state = replace(self.state, calls=calls)

    def leaving(self, kind: Unlike, where: str, said: str) -> Cut | Elsewhere:
        """What is to be raised where the record has no counterpart to what comes now."""
        return Cut() if self._past.cut_off else Elsewhere(Difference(kind, where, said))

    def _unlike(self, where: str, recorded: Attempt, now: Attempt) -> Difference:
        if not recorded.tree:
            return Difference("tree", where, "the edits did not fit, and do now")
        if not now.tree:
            why = "\n".join(now.problems)
            return Difference("tree", where, "the edits fitted, and do not now", why)
        return self._unlike_trees(where, recorded.tree, now.tree)

    def _unlike_trees(self, where: str, recorded: str, now: str) -> Difference:
        said = f"the tree was {recorded[:SHORT]} and is {now[:SHORT]} now"
        return Difference("tree", where, said, self._diff(recorded, now))

    def _diff(self, recorded: str, now: str) -> str:
        try:
            return cut(self._repo.diff(recorded, now).splitlines())
        except (AgentError, KeyError, ValueError):
            return ""  # a tree that the log names and nobody has

    def _compare_commits(self, where: str, recorded: str, checkpoint: Checkpoint) -> None:
        try:
            tree, message = self._repo.tree_of(recorded), self._repo.message_of(recorded)
        except (AgentError, KeyError, ValueError):
            raise Elsewhere(
                Difference("tree", where, f"its commit {recorded[:SHORT]} is not here")
            ) from None
        if tree != checkpoint.tree:
            raise Elsewhere(self._unlike_trees(where, tree, checkpoint.tree))
        now = self._repo.message_of(checkpoint.commit)
        if message != now:
            diff = short_diff(message, now)
            said = "the message of its commit is another one now"
            self.findings.add(Difference("commit", where, said, diff))
