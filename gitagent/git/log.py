"""The durable log of one task: a chain of commits on its state ref, one commit an event.

The tree of each commit is the whole state, in files that `git show` can read. The ref moves only
by compare-and-swap, so that a second writer is told instead of being overwritten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from gitagent.domain.edit import File
from gitagent.domain.task import Attempt, Checkpoint, TaskState
from gitagent.errors import AgentError, Conflict, UnknownTask
from gitagent.git import state_files
from gitagent.git.repository import GitRepo

FAMILY = "refs/gitagent/"
BRANCHES = "agent/"
EMPTY_TREE = ""


class TaskLog:
    """Implements ports.Log on `refs/gitagent/<id>`."""

    def __init__(self, repo: GitRepo, state: TaskState, tip: str | None) -> None:
        self._repo = repo
        self._tip = tip
        self.state = state
        self._files = state_files.encode(state) if tip else {}

    @classmethod
    def create(cls, repo: GitRepo, state: TaskState) -> TaskLog:
        """A new chain; Conflict where the id is taken."""
        log = cls(repo, state, None)
        log._append("task created", state, {}, {})
        return log

    @classmethod
    def load(cls, repo: GitRepo, task_id: str) -> TaskLog:
        tip = repo.ref(FAMILY + task_id) if re.fullmatch("[a-z0-9-]+", task_id) else None
        if tip is None:
            raise UnknownTask(f"There is no task `{task_id}` here.")
        return cls(repo, _state(repo, task_id, tip), tip)

    def record(
        self,
        event: str,
        *,
        notes: Mapping[str, bytes] | None = None,
        code: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> None:
        """Append one event: fields of the state, further files, and code trees to keep."""
        self._append(event, replace(self.state, **changes), notes or {}, code or {})

    def add_attempt(self, attempt: Attempt) -> None:
        kept = tuple(a for a in self.state.attempts if (a.step, a.n) != (attempt.step, attempt.n))
        code = {f"code/{attempt.step}.{attempt.n}": attempt.tree} if attempt.tree else {}
        event = f"attempt {attempt.step}.{attempt.n}: {_outcome(attempt)}"
        self.record(event, code=code, attempts=(*kept, attempt))

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        event = f"checkpoint {checkpoint.step}: {checkpoint.title}"
        self.record(event, checkpoints=(*self.state.checkpoints, checkpoint))

    def read(self, name: str) -> bytes | None:
        """A file of the state's tree; None where there is none."""
        return None if self._tip is None else _Reader(self._repo, self._tip).read(name)

    def _append(
        self, event: str, state: TaskState, notes: Mapping[str, bytes], code: Mapping[str, str]
    ) -> None:
        files = state_files.encode(state)
        changed = {
            name: File(data) for name, data in files.items() if self._files.get(name) != data
        }
        gone = dict.fromkeys(self._files.keys() - files.keys(), None)
        before = self._repo.tree_of(self._tip) if self._tip else EMPTY_TREE
        written = {**gone, **changed, **{name: File(data) for name, data in notes.items()}}
        tree = self._repo.with_trees(self._repo.with_files(before, written), code)
        parents = [self._tip] if self._tip else []
        message = f"{event}\n\nAgent-Trace: {state.task.trace_id}\n"
        commit = self._repo.commit(tree, parents, message)
        self._repo.move_ref(FAMILY + state.task.id, commit, self._tip, f"gitagent: {event}")
        self.state, self._tip, self._files = state, commit, files


def tasks(repo: GitRepo) -> Iterator[TaskState]:
    """The state of every task of the repository, newest first."""
    tips = repo.refs(FAMILY).items()
    states = [_state(repo, name.removeprefix(FAMILY), tip) for name, tip in tips]
    return iter(sorted(states, key=lambda state: state.task.created, reverse=True))


def newest(repo: GitRepo) -> str:
    """The id of the newest task that left something to look at."""
    for state in tasks(repo):
        if not state.task.dry_run:
            return state.task.id
    raise UnknownTask("There is no task in this repository yet.")


def delete(repo: GitRepo, task_id: str) -> None:
    tip = repo.ref(FAMILY + task_id)
    if tip is None:
        raise Conflict(f"Task `{task_id}` is gone already.")
    repo.delete_ref(FAMILY + task_id, tip)


def _state(repo: GitRepo, task_id: str, tip: str) -> TaskState:
    """What the chain says, if it is one of ours: the ref may come from anywhere."""
    try:
        state = state_files.decode(_Reader(repo, tip))
        if state.task.id != task_id or not state.task.branch.startswith(BRANCHES):
            raise Conflict(f"It speaks of another task or branch: {state.task.branch}.")
    except (AgentError, KeyError) as error:
        raise Conflict(
            f"{FAMILY}{task_id} is not the state of a task. {error}",
            hint=f"If it is of no use: `git update-ref -d {FAMILY}{task_id}`.",
        ) from error
    return state


class _Reader:
    """The files of one state commit."""

    def __init__(self, repo: GitRepo, tip: str) -> None:
        self._repo = repo
        self._tree = repo.tree_of(tip)

    def names(self) -> list[str]:
        return [f.path for f in self._repo.files(self._tree) if not f.path.startswith("code/")]

    def read(self, name: str) -> bytes | None:
        file = self._repo.file(self._tree, name)
        return None if file is None else file.data


def _outcome(attempt: Attempt) -> str:
    if attempt.verdict is None:
        return "not applied"
    return attempt.verdict.kind
