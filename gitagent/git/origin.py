"""Which commits the user has by themself, and which only a task's log has brought along."""

from __future__ import annotations

from gitagent.domain.task import BRANCHES
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo

OWN = f"{BRANCHES}agent/"


def settings_at(log: TaskLog) -> str:
    """The commit whose shared settings hold for a task: the one that it started from.

    HEAD where the log came from elsewhere and that commit is in no branch of the user's: a log
    supplies no settings, by no way round.
    """
    task = log.state.task
    started = task.started_at or task.base
    return started if log.local or is_users(log.repo, started) else "HEAD"


def is_users(repo: GitRepo, commit: str) -> bool:
    """Whether a commit is in the history of HEAD or of a branch that is no task's."""
    import pygit2

    tips = {tip for name, tip in repo.refs(BRANCHES).items() if not name.startswith(OWN)}
    if not repo.pygit2.head_is_unborn:
        tips.add(repo.resolve("HEAD"))
    if commit in tips:
        return True
    walker = repo.pygit2.walk(repo.resolve(commit), pygit2.enums.SortMode.NONE)
    for tip in tips:
        walker.hide(tip)
    return next(walker, None) is None
