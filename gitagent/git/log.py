"""The durable log of one task: a chain of commits on its state ref, one commit an event.

The tree of each commit is the whole state, in files that `git show` can read. The ref moves only
by compare-and-swap, and only in the hands of the task's last run: an earlier one that wakes up
finds that the ref has moved on, and changes nothing any more. The first commit stands on the
task's base, each checkpoint on its commit, so that nothing of a task can be pruned while the ref
is there, and whoever fetches the ref has all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from gitagent.domain.codec import from_json, to_json
from gitagent.domain.edit import File
from gitagent.domain.event import Event, Kind
from gitagent.domain.run import Run, named
from gitagent.domain.summary import Summary, summary
from gitagent.domain.task import Attempt, Checkpoint, TaskState
from gitagent.errors import AgentError, Conflict, UnknownTask
from gitagent.failpoints import reach
from gitagent.git import branches, state_files
from gitagent.git.repository import GitRepo
from gitagent.git.writing import hold_room, leave_room

FAMILY = "refs/gitagent/"
BRANCHES = "agent/"
EMPTY_TREE = ""
MARK = "gitagent: "
NOT_TASKS = ("salvaged/",)
SETTLING = (Kind.ANSWERED, Kind.FAILED)


@dataclass(frozen=True)
class Entry:
    """What is to be appended beside the state: the event's own words, further files, code trees
    and commits to keep, and where the task's branch goes with it."""

    kind: Kind
    said: str = ""
    about: str = ""
    lasted: float = 0.0
    notes: Mapping[str, bytes] = field(default_factory=dict)
    code: Mapping[str, str] = field(default_factory=dict)
    keeps: Sequence[str] = ()
    branch_to: str = ""


class TaskLog:
    """Implements ports.Log on `refs/gitagent/<id>`."""

    def __init__(self, repo: GitRepo, state: TaskState, tip: str | None, events: int = 0) -> None:
        self._repo = repo
        self._tip = tip
        self._events = events
        self.state = state
        self._files = state_files.encode(state) if tip else {}

    @classmethod
    def create(cls, repo: GitRepo, state: TaskState) -> TaskLog:
        """A new chain; Conflict where the id is taken."""
        log = cls(repo, state, None)
        repo.keep_reflog(log.ref)
        log._append(Entry(Kind.CREATED, keeps=[state.task.base]), state)
        return log

    @classmethod
    def load(cls, repo: GitRepo, task_id: str) -> TaskLog:
        tip = repo.ref(FAMILY + task_id) if re.fullmatch("[a-z0-9-]+", task_id) else None
        if tip is None:
            raise UnknownTask(f"There is no task `{task_id}` here.")
        return cls(repo, _state(repo, task_id, tip), tip, _event(repo, tip).n)

    @property
    def repo(self) -> GitRepo:
        return self._repo

    @property
    def ref(self) -> str:
        return FAMILY + self.state.task.id

    @property
    def local(self) -> bool:
        """Whether what the log says was written here, and did not come from elsewhere."""
        return self._tip in self._repo.moved_here(self.ref, MARK)

    def begin(self, run: Run, **changes: Any) -> None:
        """A further run takes over; whoever had the task before can write no more.

        Conflict where somebody else was faster.
        """
        self._repo.keep_reflog(self.ref)
        changes |= {"runs": (*self.state.runs, run), "ending": None, "message": ""}
        self.record(Kind.BEGAN, f"run {run.epoch}", **changes)

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
        """Append one event: fields of the state, further files, and code trees to keep."""
        entry = Entry(kind, said, about, lasted, notes or {}, code or {})
        self._append(entry, replace(self.state, **changes))

    def add_attempt(self, attempt: Attempt) -> None:
        """An attempt as it stands now; nothing where the log says so already."""
        known = {(a.step, a.n): a for a in self.state.attempts}
        before = known.get((attempt.step, attempt.n))
        if before and attempt in (before, replace(before, verdict=None)):
            return
        kept = (a for a in self.state.attempts if a is not before)
        kind, said = _outcome(attempt)
        about = f"{attempt.step}.{attempt.n}"
        self.record(
            kind,
            f"{about}{said}",
            about=about,
            lasted=attempt.verdict.seconds if attempt.verdict else 0.0,
            code={f"code/{about}": attempt.tree} if attempt.tree else {},
            attempts=(*kept, attempt),
        )

    def add_checkpoint(self, checkpoint: Checkpoint) -> Checkpoint:
        """The step on the branch and in the log, both or neither.

        What comes back names the commit that is really there: an earlier run may have put the
        step on the branch and died. Conflict where the branch stands elsewhere.
        """
        made = replace(checkpoint, commit=branches.made(self._repo, self.state, checkpoint.commit))
        state = replace(self.state, checkpoints=(*self.state.checkpoints, made))
        entry = Entry(
            Kind.CHECKPOINT,
            f"{made.step}: {made.title}",
            str(made.step),
            keeps=[made.commit],
            branch_to=made.commit,
        )
        self._append(entry, state)
        return made

    def settle(self) -> str:
        """Put the branch where the log says that it is; what was done, in one sentence.

        Conflict where somebody else's commits are on it.
        """
        return branches.settle(self._repo, self.state)

    def read(self, name: str) -> bytes | None:
        """A file of the state's tree; None where there is none."""
        return None if self._tip is None else _Reader(self._repo, self._tip).read(name)

    def _append(self, entry: Entry, state: TaskState) -> None:
        """Write one event and move the ref; the task's branch, where it moves, goes first.

        Both move while the lock of the state ref is held, so that no run that was overtaken can
        move the branch.
        """
        reach(f"{entry.kind}: to be written")
        if entry.kind in SETTLING:
            leave_room(self._repo.folder, state.task.id)
        files = state_files.encode(state)
        event = self._event(entry, state.epoch)
        before = self._repo.tree_of(self._tip) if self._tip else EMPTY_TREE
        tree = self._repo.with_files(before, self._written(files, event, entry.notes))
        tree = self._repo.with_trees(tree, entry.code)
        parents = [*([self._tip] if self._tip else []), *entry.keeps]
        commit = self._repo.commit(tree, parents, _message(event, state))
        reach(f"{entry.kind}: written")
        with (
            self._fenced(),
            self._repo.moving_ref(self.ref, commit, self._tip, MARK + str(entry.kind)),
        ):
            if entry.branch_to:
                branches.advance(self._repo, self.state, entry.branch_to)
        self.state, self._tip, self._files, self._events = state, commit, files, event.n
        if entry.kind is Kind.RESERVED:
            hold_room(self._repo.folder, state.task.id)
        reach(f"{entry.kind}: kept")

    @contextmanager
    def _fenced(self) -> Iterator[None]:
        """Says of a ref that has moved on that it did so in the hands of a later run."""
        try:
            yield
        except Conflict as error:
            tip = self._repo.ref(self.ref)
            later = _state(self._repo, self.state.task.id, tip) if tip else self.state
            if later.epoch <= self.state.epoch:
                raise
            raise Conflict(
                f"Task {self.state.task.id} has gone on in run {later.epoch} "
                f"({named(later.runs[-1])}); this run changes nothing more.",
                hint=f"Look at it with `git agent show {self.state.task.id}`.",
            ) from error

    def _event(self, entry: Entry, epoch: int) -> Event:
        return Event(
            n=self._events + 1,
            kind=entry.kind,
            epoch=epoch,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            said=entry.said,
            about=entry.about,
            seconds=round(entry.lasted, 6),
        )

    def _written(
        self, files: Mapping[str, bytes], event: Event, notes: Mapping[str, bytes]
    ) -> dict[str, File | None]:
        """The files that are new or different, and None for each that is gone."""
        written: dict[str, File | None] = dict.fromkeys(self._files.keys() - files.keys())
        changed = {name: data for name, data in files.items() if self._files.get(name) != data}
        changed |= notes
        changed[state_files.EVENT] = to_json(event)
        return written | {name: File(data) for name, data in changed.items()}


def tasks(repo: GitRepo) -> Iterator[TaskState]:
    """The state of every task of the repository, newest first."""
    states = [_state(repo, task_id, tip) for task_id, tip in tips(repo).items()]
    return iter(sorted(states, key=lambda state: state.task.created, reverse=True))


def summaries(repo: GitRepo) -> list[Summary]:
    """A line of every task of the repository, newest first, without reading what is behind it."""
    found = [_summary(repo, task_id, tip) for task_id, tip in tips(repo).items()]
    return sorted(found, key=lambda each: each.created, reverse=True)


def tips(repo: GitRepo) -> dict[str, str]:
    """The last event of each task, by task id."""
    named = ((name.removeprefix(FAMILY), tip) for name, tip in repo.refs(FAMILY).items())
    return {name: tip for name, tip in named if not name.startswith(NOT_TASKS)}


def history(repo: GitRepo, task_id: str) -> Iterator[tuple[Event, str]]:
    """The events of a task and their commits, newest first."""
    tip = repo.ref(FAMILY + task_id)
    while tip is not None:
        event = _event(repo, tip)
        yield event, tip
        tip = repo.parents_of(tip)[0] if event.n > 1 else None


def newest(repo: GitRepo) -> str:
    """The id of the newest task that left something to look at."""
    for found in summaries(repo):
        if not found.dry_run:
            return found.id
    raise UnknownTask("There is no task in this repository yet.")


def delete(repo: GitRepo, task_id: str) -> None:
    tip = repo.ref(FAMILY + task_id)
    if tip is None:
        raise Conflict(f"Task `{task_id}` is gone already.")
    repo.delete_ref(FAMILY + task_id, tip)


def _message(event: Event, state: TaskState) -> str:
    subject = f"{event.kind} {event.said}".strip()
    return (
        f"{subject}\n\nAgent-Task: {state.task.id}\nAgent-Event: {event.n}\n"
        f"Agent-Run: {event.epoch}\nAgent-Trace: {state.task.trace_id}\n"
    )


def _event(repo: GitRepo, tip: str) -> Event:
    data = _Reader(repo, tip).read(state_files.EVENT)
    if data is None:
        raise Conflict(f"{tip[:10]} is no event of a task.")
    return from_json(data, Event)


def _summary(repo: GitRepo, task_id: str, tip: str) -> Summary:
    data = _Reader(repo, tip).read(state_files.SUMMARY)
    return from_json(data, Summary) if data else summary(_state(repo, task_id, tip))


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


def _outcome(attempt: Attempt) -> tuple[Kind, str]:
    if not attempt.tree:
        return Kind.NOT_APPLIED, ""
    if attempt.verdict is None:
        return Kind.APPLIED, ""
    return Kind.JUDGED, f": {attempt.verdict.kind}"
