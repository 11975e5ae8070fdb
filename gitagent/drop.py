"""A person gives a task up: what is nowhere else is salvaged, then all of the task goes.

The state's ref goes last and stays locked meanwhile, so that nobody takes the task over, and
whoever dies on the way is followed by a second `drop` that finds all that is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gitagent import logs
from gitagent.domain.task import BRANCHES, TaskState
from gitagent.errors import Conflict
from gitagent.failpoints import reach
from gitagent.git import locks, patches, tags
from gitagent.git.log import TaskLog
from gitagent.git.salvage import Salvaged, lasting, salvage
from gitagent.git.writing import leave_room
from gitagent.holder import check_free
from gitagent.tries import merit


@dataclass(frozen=True)
class Dropped:
    """What became of a task: the branch that was removed, what was salvaged, what is to be said."""

    id: str
    branch: str
    salvaged: tuple[Salvaged, ...]
    notices: tuple[str, ...] = ()


def drop(log: TaskLog, others: Sequence[str] | None = None) -> Dropped:
    """Remove a task: its branch, its state, its files.

    `others` are the commits that stay without it, where they are known already. Conflict, with
    nothing removed, where a living process works on it or the branch is checked out.
    """
    notice = check_droppable(log)
    repo, state = log.repo, log.state
    branch, name = state.task.branch, BRANCHES + state.task.branch
    tip = repo.ref(name) if branch else None
    own = tip is not None and is_own(log, tip)
    with log.removing():
        kept = salvage(
            repo,
            state.task.id,
            _work(log, tip if own else None),
            f"Salvaged when task {state.task.id} was dropped: {state.task.text}",
            lasting(repo) if others is None else others,
        )
        if tip is not None and own:
            repo.delete_ref(name, tip)
        _remove_files(log)
    for ref in (name, log.ref) if branch and (own or tip is None) else (log.ref,):
        locks.forget(repo.folder, ref)
    foreign = f"{branch} is not the task's and stays" if tip is not None and not own else ""
    return Dropped(
        state.task.id, branch if own else "", tuple(kept), tuple(filter(None, (notice, foreign)))
    )


def check_droppable(log: TaskLog) -> str:
    """Raises Conflict where the task cannot go now; else what is to be said of who had it."""
    branch = log.state.task.branch
    notice = check_free(log.state)
    tip = log.repo.ref(BRANCHES + branch) if branch else None
    if tip is not None and is_own(log, tip) and (place := log.repo.checked_out_at(branch)):
        raise Conflict(f"{branch} is checked out at {place}.", hint="Switch away from it first.")
    return notice


def is_own(log: TaskLog, tip: str) -> bool:
    """Whether what stands at the task's branch is the task's: a state that came from elsewhere
    may name any branch."""
    task = log.state.task
    if log.state.checkpoints and log.local:
        return True
    if tags.commit_of(log.repo, task.base) != task.base:
        return False
    said = f"Agent-Task: {task.id}"
    messages = (log.repo.message_of(commit) for commit in log.repo.commits(tip, task.base))
    return any(said in message.splitlines() for message in messages)


def _work(log: TaskLog, tip: str | None) -> Iterator[str]:
    """The commits that hold what was done: on the branch, in the log, and tried at last."""
    repo, state = log.repo, log.state
    if tip is not None:
        yield tip
    if state.checkpoints or _took_open_work(state):
        yield state.head  # wherever the branch is now
    if tree := _tried(log):
        message = f"Best attempt at step {len(state.checkpoints) + 1} of task {state.task.id}"
        trailer = f"Agent-Task: {state.task.id}"
        yield repo.commit(tree, [state.head], f"{message}\n\n{state.task.text}\n\n{trailer}\n")


def _took_open_work(state: TaskState) -> bool:
    """Whether the base is a commit of its own, made of somebody's uncommitted files."""
    return state.task.base != state.task.started_at and not state.task.dry_run


def _tried(log: TaskLog) -> str:
    """The best tree of a step that came to no commit; empty where there is none."""
    repo, state = log.repo, log.state
    n = len(state.checkpoints) + 1
    best = max((a for a in state.attempts if a.step == n and a.tree), key=merit, default=None)
    if best is None or tags.commit_of(repo, state.head) != state.head:
        return ""
    known = repo.has_tree(best.tree) and best.tree != repo.tree_of(state.head)
    return best.tree if known else ""


def _remove_files(log: TaskLog) -> None:
    """What lies outside of the object database."""
    task_id = log.state.task.id
    patches.remove(log.repo, task_id)
    leave_room(log.repo.folder, task_id)
    logs.remove(task_id)
    reach("task's files removed")
