"""The durable log of one task: a chain of commits on its state ref, one commit an event.

The tree of each commit is the whole state, in files that `git show` can read. The ref moves only
by compare-and-swap, and only in the hands of the task's last run: an earlier one that wakes up
finds that the ref has moved on, and changes nothing any more. The first commit stands on the
task's base, each checkpoint on its commit, so that nothing of a task can be pruned while the ref
is there, and whoever fetches the ref has all of it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from gitagent.domain.ask import is_ask
from gitagent.domain.codec import from_json, to_line
from gitagent.domain.edit import File
from gitagent.domain.event import Event, Kind
from gitagent.domain.run import Run, named
from gitagent.domain.summary import Summary, Unreadable, summary
from gitagent.domain.task import Attempt, Checkpoint, TaskState
from gitagent.errors import AgentError, Conflict, UnknownTask, Unwritable
from gitagent.failpoints import reach
from gitagent.git import branches, soundness, state_files
from gitagent.git.repository import GitRepo
from gitagent.git.writing import hold_room, leave_room, writing

FAMILY = "refs/gitagent/"
OLD_EVENT = "event.json"
MARK = "gitagent: "
SUMMARIES = "summaries-"
"""What the ids of logs begin with that hold what was said of folders; they are no tasks."""
NOT_TASKS = ("salvaged/", SUMMARIES)
NOT_BEGUN = "Nothing was begun. Make room, or make it writable, then start the task again."
FOLD_EVERY = 4
"""Events between two looks whether there are many packs."""
KEPT_ROOM_FOR = (Kind.ANSWERED, Kind.FAILED)
FULL = (OSError, Unwritable)
LARGEST = 16 << 20
"""Bytes of a file of the state; what is larger was not written by us."""
MOST_FACTS = 20_000
"""Files of one kind; nor were so many."""

T = TypeVar("T")


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
    """Implements ports.Log on `refs/gitagent/<id>`. `on_event` is told of each event once it is
    kept."""

    def __init__(self, repo: GitRepo, state: TaskState, tip: str | None, events: int = 0) -> None:
        self._repo = repo
        self._tip = tip
        self._events = events
        self._noted: dict[str, Any] = {}
        self._lock = threading.RLock()
        self.on_event: Callable[[Event], None] = lambda _event: None
        self.state = state
        self._files = state_files.encode(state) if tip else {}
        self._tree = repo.folder_of(repo.tree_of(tip) if tip else "")

    @classmethod
    def create(
        cls,
        repo: GitRepo,
        state: TaskState,
        on_event: Callable[[Event], None] = lambda _event: None,
    ) -> TaskLog:
        """A new chain; Conflict where the id is taken."""
        log = cls(repo, state, None)
        log.on_event = on_event
        try:
            repo.keep_reflog(log.ref)
            log._append(Entry(Kind.CREATED, keeps=[state.task.base]), state)
        except Unwritable as error:
            raise Unwritable(str(error), hint=NOT_BEGUN) from error
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
        # a run that is interrupted ends while answers that it no longer waits for still come in
        with self._lock:
            self._append(entry, replace(self.state, **changes))

    def note(self, **facts: Any) -> None:
        """Fields of the state that go with the next event; they are not worth one of their own."""
        self._noted |= facts

    def add_attempt(self, attempt: Attempt) -> None:
        """An attempt as it stands now; nothing where the log says so already."""
        before = {a.label: a for a in self.state.attempts}.get(attempt.label)
        if before and attempt in (before, replace(before, verdict=None)):
            return
        kept = (a for a in self.state.attempts if a is not before)
        kind, said = _outcome(attempt)
        about = attempt.label
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

    def removing(self) -> AbstractContextManager[None]:
        """The log is gone when the block ends well, and nobody takes it over meanwhile.

        Conflict where it has gone on since it was read.
        """
        return self._repo.deleting_ref(self.ref, self._tip or "")

    def settle(self) -> str:
        """Put the branch where the log says that it is; what was done, in one sentence.

        Conflict where somebody else's commits are on it, or a later run has the task.
        """
        with self._fenced(), self._repo.staying_ref(self.ref, self._tip):
            return branches.settle(self._repo, self.state)

    def read(self, name: str) -> bytes | None:
        """A file of the state's tree; None where there is none."""
        return None if self._tip is None else _Reader(self._repo, self._tip).read(name)

    def _append(self, entry: Entry, state: TaskState) -> None:
        """Write one event and move the ref; the task's branch, where it moves, goes first.

        Both move while the lock of the state ref is held, so that no run that was overtaken can
        move the branch.
        """
        with writing():
            reach(f"{entry.kind}: to be written")
            if entry.kind is Kind.RESERVED:
                hold_room(self._repo.folder, state.task.id)
            if entry.kind is Kind.ENDED:
                leave_room(self._repo.folder, state.task.id)
            event = self._event(entry, state.epoch)
            try:
                self._put(entry, event, replace(state, **self._noted))
            except FULL:
                if not self._left_room(entry):
                    raise
                self._put(entry, event, replace(state, **self._noted))
        self._noted = {}
        self._repo.unkept.prepare()
        self.on_event(event)
        reach(f"{entry.kind}: kept")
        if event.n % FOLD_EVERY == 0:
            self._repo.fold_packs()

    def _put(self, entry: Entry, event: Event, state: TaskState) -> None:
        """What a gc took of the trees that the event holds is written again."""
        self._repo.unkept.restore()
        files = state_files.encode(state, self.state, self._files)
        written = self._written(files, entry.notes)
        with self._repo.event_pack() as pack:
            tree = self._repo.changed(self._tree, written, entry.code, pack)
            parents = [*([self._tip] if self._tip else []), *entry.keeps]
            commit = self._repo.commit(tree.id, parents, _message(event, state), pack)
            pack.put()
            reach(f"{entry.kind}: written")
            with self._repo.keeping():
                self._move(entry, commit)
        self.state, self._tip, self._files, self._events = state, commit, files, event.n
        self._tree = tree

    def _left_room(self, entry: Entry) -> bool:
        """Whether there was room held for such an event, which it has now."""
        return entry.kind in KEPT_ROOM_FOR and leave_room(self._repo.folder, self.state.task.id)

    def _move(self, entry: Entry, commit: str) -> None:
        try:
            with (
                self._fenced(),
                self._repo.moving_ref(self.ref, commit, self._tip, MARK + str(entry.kind)),
            ):
                if entry.branch_to:
                    branches.advance(self._repo, self.state, entry.branch_to)
        except (OSError, Unwritable):
            # what the disk refused may have come after the ref had moved
            if self._repo.ref(self.ref) != commit:
                raise

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
        self, files: Mapping[str, bytes], notes: Mapping[str, bytes]
    ) -> dict[str, File | None]:
        """The files that are new or different, and None for each that is gone."""
        written: dict[str, File | None] = dict.fromkeys(self._files.keys() - files.keys())
        changed = {name: data for name, data in files.items() if self._files.get(name) != data}
        changed |= notes
        return written | {name: File(data) for name, data in changed.items()}


def tasks(repo: GitRepo) -> tuple[list[TaskState], list[Unreadable]]:
    """The state of every task of the repository, newest first, and what cannot be read."""
    states, unreadable = _each(repo, _state)
    return sorted(states, key=lambda state: state.task.created, reverse=True), unreadable


def summaries(repo: GitRepo) -> list[Summary]:
    """A line of every task of the repository, newest first, without reading what is behind it."""
    return listing(repo)[0]


def listing(repo: GitRepo, beginning: str = "") -> tuple[list[Summary], list[Unreadable]]:
    """As `summaries`, and what cannot be read: one bad ref does not hide the others.

    `beginning` is that of the ids which are wanted.
    """
    found, unreadable = _each(repo, _summary, beginning)
    return sorted(found, key=lambda each: each.created, reverse=True), unreadable


def _each(
    repo: GitRepo, read: Callable[[GitRepo, str, str], T], beginning: str = ""
) -> tuple[list[T], list[Unreadable]]:
    found: list[T] = []
    unreadable: list[Unreadable] = []
    for task_id, tip in tips(repo, beginning).items():
        try:
            found.append(read(repo, task_id, tip))
        except AgentError as error:
            unreadable.append(Unreadable(task_id, str(error), error.hint))
    return found, unreadable


def tips(repo: GitRepo, beginning: str = "") -> dict[str, str]:
    """The last event of each task whose id begins so, by task id."""
    refs = repo.refs(FAMILY + beginning)
    named = ((name.removeprefix(FAMILY), tip) for name, tip in refs.items())
    return {name: tip for name, tip in named if not name.startswith(NOT_TASKS)}


def kept_logs(repo: GitRepo) -> dict[str, str]:
    """The last event of each log that holds what was said of folders, by its id."""
    refs = repo.refs(FAMILY + SUMMARIES)
    return {name.removeprefix(FAMILY): tip for name, tip in refs.items()}


def history(repo: GitRepo, task_id: str) -> Iterator[tuple[Event, str]]:
    """The events of a task and their commits, newest first."""
    tip = repo.ref(FAMILY + task_id)
    while tip is not None:
        event = _event(repo, tip)
        yield event, tip
        before = repo.parents_of(tip) if event.n > 1 else ()
        tip = before[0] if before else None


def state_at(repo: GitRepo, task_id: str, event: str) -> TaskState:
    """The state as one event of a task, given by its commit, left it."""
    return _state(repo, task_id, event)


def newest(repo: GitRepo) -> str:
    """The id of the newest task that left something to look at."""
    for found in summaries(repo):
        if not found.dry_run and not is_ask(found.id):
            return found.id
    raise UnknownTask("There is no task in this repository yet.")


def delete(repo: GitRepo, task_id: str) -> None:
    tip = repo.ref(FAMILY + task_id)
    if tip is None:
        raise Conflict(f"Task `{task_id}` is gone already.")
    repo.delete_ref(FAMILY + task_id, tip)


def _message(event: Event, state: TaskState) -> str:
    """What a person sees of an event, and what is read of it without its tree."""
    subject = " ".join(f"{event.kind} {event.said}".split())
    told = to_line(_Told(event, summary(state))).decode()
    return (
        f"{subject}\n\n{told}\n\nAgent-Task: {state.task.id}\nAgent-Event: {event.n}\n"
        f"Agent-Run: {event.epoch}\nAgent-Trace: {state.task.trace_id}\n"
    )


@dataclass(frozen=True)
class _Told:
    """What an event's commit says of itself, and of the task as it left it."""

    event: Event
    summary: Summary


def _told(repo: GitRepo, tip: str) -> _Told | None:
    """None for a commit that says nothing: an older log has it in files."""
    lines = repo.words_of(tip, LARGEST).split("\n", 3)
    return from_json(lines[2].encode(), _Told) if len(lines) > 3 and lines[2][:1] == "{" else None


def _event(repo: GitRepo, tip: str) -> Event:
    if told := _told(repo, tip):
        return told.event
    data = repo.top_file(tip, OLD_EVENT, LARGEST)
    if data is None:
        raise Conflict(f"{tip[:10]} is no event of a task.")
    return from_json(data, Event)


def _summary(repo: GitRepo, task_id: str, tip: str) -> Summary:
    with _ours(task_id):
        told = _told(repo, tip)
        found = told.summary if told else summary(_state(repo, task_id, tip))
        soundness.check_named(task_id, found.id, found.branch)
    return found


def _state(repo: GitRepo, task_id: str, tip: str) -> TaskState:
    """What the chain says, if it is one of ours: the ref may come from anywhere."""
    with _ours(task_id):
        state = state_files.decode(_Reader(repo, tip))
        soundness.check(task_id, state)
    return state


@contextmanager
def _ours(task_id: str) -> Iterator[None]:
    """Raises Conflict, which names the ref, for whatever is wrong with what is behind it."""
    import pygit2

    name = f"{FAMILY}{task_id}"
    try:
        yield
    except (AgentError, KeyError, ValueError, pygit2.GitError) as error:
        said = str(error)
        raise Conflict(
            said if said.startswith(name) else f"{name} is not the state of a task. {said}",
            hint=f"If it is of no use: `git update-ref -d {name}`.",
        ) from error


class _Reader:
    """The files of one state commit."""

    def __init__(self, repo: GitRepo, tip: str) -> None:
        self._repo = repo
        self._tree = repo.tree_of(tip)

    def names(self, folder: str) -> list[str]:
        names = self._repo.names_in(self._tree, folder)
        if len(names) > MOST_FACTS:
            raise Conflict(f"There are {len(names)} files in {folder}.")
        return names

    def read(self, name: str) -> bytes | None:
        if self._repo.size(self._tree, name) > LARGEST:
            raise Conflict(f"{name} is larger than what we write.")
        file = self._repo.file(self._tree, name)
        return None if file is None else file.data


def _outcome(attempt: Attempt) -> tuple[Kind, str]:
    if not attempt.tree:
        return Kind.NOT_APPLIED, ""
    if attempt.verdict is None:
        return Kind.APPLIED, ""
    return Kind.JUDGED, f": {attempt.verdict.kind}"
