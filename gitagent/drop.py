"""A person gives a task up."""

from __future__ import annotations

from gitagent.domain.task import TaskState
from gitagent.errors import Conflict
from gitagent.git import log
from gitagent.git.repository import GitRepo


def drop(repo: GitRepo, state: TaskState) -> str:
    """Remove the branch and the state of a task; the name of the branch, if there was one.

    Conflict, with nothing removed, where the branch has other commits than the task's own or is
    checked out.
    """
    branch = state.task.branch
    name = f"refs/heads/{branch}"
    tip = repo.ref(name) if state.checkpoints else None
    if tip is not None:
        if place := repo.checked_out_at(branch):
            raise Conflict(
                f"{branch} is checked out at {place}.", hint="Switch away from it first."
            )
        if tip != state.head:
            raise Conflict(
                f"{branch} has moved since the task ended.",
                hint=f"Keep what you need of it, then remove it: `git branch -D {branch}`.",
            )
        repo.delete_ref(name, tip)
    log.delete(repo, state.task.id)
    return branch if tip else ""
