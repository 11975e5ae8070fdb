"""A task's branch beside its log: it only ever grows by the task's own commits.

Branch and log move one after the other, the branch first. Whoever finds the branch one step ahead
of the log has found where a run died in between.
"""

from __future__ import annotations

from gitagent.domain.task import BRANCHES, TaskState
from gitagent.errors import Conflict
from gitagent.failpoints import reach
from gitagent.git.repository import GitRepo

OWN_TRAILERS = ("Agent-Task: ", "Agent-Step: ")


def made(repo: GitRepo, state: TaskState, commit: str) -> str:
    """The commit of the state's next step: `commit`, or the same step where it is there already."""
    tip = repo.ref(BRANCHES + state.task.branch)
    return tip if tip and tip != state.head and _same_step(repo, tip, commit) else commit


def advance(repo: GitRepo, state: TaskState, commit: str) -> None:
    """Move the branch of a task to the commit of its next step, by compare-and-swap.

    Conflict where it stands elsewhere, or where somebody has it checked out.
    """
    name = BRANCHES + state.task.branch
    if repo.ref(name) == commit:
        return
    _check_free(repo, state)
    old = state.head if state.checkpoints else None
    if repo.ref(name) != old:
        raise _elsewhere(state, repo.ref(name))
    repo.move_ref(name, commit, old, f"gitagent: step {len(state.checkpoints) + 1}")
    reach("branch moved, log not yet")


def check_steps(repo: GitRepo, state: TaskState) -> None:
    """Conflict where the steps are not the commits, one on the other, that the state says."""
    parent = state.task.base
    for step in state.checkpoints:
        if repo.parents_of(step.commit) != [parent] or repo.tree_of(step.commit) != step.tree:
            raise Conflict(
                f"Step {step.step} of task {state.task.id} is not what its log says of it."
            )
        parent = step.commit


def settle(repo: GitRepo, state: TaskState) -> str:
    """Put the branch where the log says that it is, where that takes nothing from anybody.

    What was done, in one sentence; empty where nothing was. Conflict where the branch has gone
    elsewhere: nobody's commits are moved away from.
    """
    task = state.task
    name = BRANCHES + task.branch
    tip = repo.ref(name)
    if tip == (state.head if state.checkpoints else None):
        if tip and not _all_done(state):
            _check_free(repo, state)  # no call is paid for a step that cannot land
        return ""
    if tip is None:
        repo.move_ref(name, state.head, None, "gitagent: made again")
        return f"{task.branch} was gone and is there again, at {state.head[:10]}"
    if tip in {task.base, *(c.commit for c in state.checkpoints)}:
        if place := repo.checked_out_at(task.branch):
            raise Conflict(
                f"{task.branch} is checked out at {place}, behind the task's last step.",
                hint=f"There: `git merge --ff-only {state.head[:10]}`; or switch away from it.",
            )
        repo.move_ref(name, state.head, tip, "gitagent: brought up to the log")
        return f"{task.branch} stood at {tip[:10]} and is at {state.head[:10]} again"
    if repo.parents_of(tip)[:1] == [state.head] and _says(repo, tip, OWN_TRAILERS[0] + task.id):
        return ""  # a run died before the log could follow; the step's end will say so
    raise _elsewhere(state, tip)


def _all_done(state: TaskState) -> bool:
    return state.plan is not None and len(state.checkpoints) >= len(state.plan.steps)


def _check_free(repo: GitRepo, state: TaskState) -> None:
    """Conflict where somebody has the branch checked out."""
    if place := repo.checked_out_at(state.task.branch):
        raise Conflict(
            f"{state.task.branch} is checked out at {place}, so it was not moved.",
            hint=f"Switch away from it, then `git agent resume {state.task.id}`.",
        )


def _elsewhere(state: TaskState, tip: str | None) -> Conflict:
    """Says of a branch that is not where the log has it what became of it, and what can be done."""
    branch, resume = state.task.branch, f"`git agent resume {state.task.id}`"
    if tip is None:
        return Conflict(
            f"{branch} was deleted or renamed meanwhile; nothing was moved.",
            hint=f"{resume} makes it again, beside one that was renamed.",
        )
    if tip in {state.task.base, *(c.commit for c in state.checkpoints)}:
        return Conflict(
            f"{branch} was set back to {tip[:10]} meanwhile; nothing was moved.",
            hint=f"{resume} brings it up to the task's last step.",
        )
    return Conflict(
        f"{branch} has commits that are not the task's: it is at {tip[:10]}, the task's last "
        f"step at {state.head[:10]}. Nothing was moved.",
        hint=f"Keep yours under another name, `git branch -m {branch} mine`, and resume; or "
        f"take the task's as they are: `git branch rest {state.head[:10]}`.",
    )


def _same_step(repo: GitRepo, tip: str, commit: str) -> bool:
    """Whether two commits are the same step of the same task, made at different times."""
    return (
        repo.tree_of(tip) == repo.tree_of(commit)
        and repo.parents_of(tip) == repo.parents_of(commit)
        and _own(repo, tip) == _own(repo, commit)
    )


def _own(repo: GitRepo, commit: str) -> list[str]:
    lines = repo.message_of(commit).splitlines()
    return [line for line in lines if line.startswith(OWN_TRAILERS)]


def _says(repo: GitRepo, commit: str, line: str) -> bool:
    return line in repo.message_of(commit).splitlines()
