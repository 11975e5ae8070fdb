"""Cleans up after tasks: decides what is due, then drops it as a person would, one by one.

How old something is comes from the log itself. The clock is policy here and nothing else: where it
stands before what the log says, nothing is due.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gitagent import caches, leftovers
from gitagent.config import Config
from gitagent.domain.run import named
from gitagent.domain.summary import Summary, Unreadable
from gitagent.drop import Dropped, check_droppable, drop
from gitagent.errors import AgentError, Conflict, Ending, UnknownTask
from gitagent.gates.kept import count, forget
from gitagent.git import locks
from gitagent.git.log import TaskLog, history, listing, tips
from gitagent.git.program import disk_use_of_all
from gitagent.git.repository import GitRepo
from gitagent.git.salvage import Salvaged, lasting, salvaged
from gitagent.processes import standing

OPEN = (None, Ending.INTERRUPTED)


@dataclass(frozen=True)
class Ages:
    """After how many days something is due; None is never."""

    ended: int
    open: int | None
    salvaged: int | None
    logs: int

    @classmethod
    def of(cls, config: Config, ended: int | None = None) -> Ages:
        return cls(
            config.keep_days if ended is None else ended,
            config.expire_days or None,
            config.salvaged_days or None,
            config.keep_days,
        )


@dataclass(frozen=True)
class Due:
    """A task whose time is over; `ending` is `open` where it has none."""

    id: str
    ending: str
    days: int


@dataclass(frozen=True)
class Plan:
    """What is to go; log files of other repositories' tasks go after `keep_logs`."""

    tasks: tuple[Due, ...]
    salvaged: tuple[Salvaged, ...]
    unreadable: tuple[Unreadable, ...]
    keep_logs: timedelta


@dataclass(frozen=True)
class Kept:
    """A task that was due and stays."""

    id: str
    reason: str


@dataclass(frozen=True)
class Collected:
    """What became of a plan; `folders` are those of dead processes.

    `runs` is how many results of the gate were kept.
    """

    dropped: tuple[tuple[Due, Dropped], ...]
    kept: tuple[Kept, ...]
    unreadable: tuple[Unreadable, ...]
    salvaged: tuple[Salvaged, ...]
    folders: tuple[Path, ...]
    runs: int = 0


@dataclass(frozen=True)
class Use:
    """What tasks take: how many, and bytes; `objects` is what git holds for them alone."""

    tasks: int
    salvaged: int
    objects: int
    caches: int


def plan(repo: GitRepo, ages: Ages, now: datetime) -> Plan:
    """Decide, and change nothing."""
    found, unreadable = listing(repo)
    tasks = (due for each in found if (due := _due(repo, each, ages, now)))
    old = (s for s in salvaged(repo) if ages.salvaged and _is_over(s.at, ages.salvaged, now))
    return Plan(tuple(tasks), tuple(old), tuple(unreadable), timedelta(days=ages.logs))


def foreseen(repo: GitRepo, plan: Plan, cache: Path) -> Collected:
    """What `collect` would do, as things are; what it would salvage is not found out."""
    gone, kept = _each(repo, plan, _unchanged)
    left = tuple(caches.left_over(cache))
    known = count(caches.runs(cache))
    return Collected(gone, kept, plan.unreadable, plan.salvaged, left, known)


def collect(repo: GitRepo, plan: Plan, cache: Path, now: datetime) -> Collected:
    """Do it, and remove what dead processes and tasks that are gone have left."""
    others = lasting(repo)
    gone, kept = _each(repo, plan, lambda log: drop(log, others))
    old = tuple(each for each in plan.salvaged if _removed(repo, each))
    leftovers.sweep(repo)
    leftovers.sweep_logs(repo, now - plan.keep_logs)
    known = forget(caches.runs(cache))
    return Collected(gone, kept, plan.unreadable, old, tuple(caches.sweep(cache)), known)


def use(repo: GitRepo, cache: Path) -> Use:
    """What it all takes now."""
    tasks, kept = len(tips(repo)), len(salvaged(repo))
    return Use(tasks, kept, disk_use_of_all(repo), caches.size(cache))


def _due(repo: GitRepo, task: Summary, ages: Ages, now: datetime) -> Due | None:
    days = ages.open if task.ending in OPEN and not task.dry_run else ages.ended
    if days is None:
        return None
    at = _last(repo, task.id)
    if at is None or not _is_over(at, days, now):
        return None
    return Due(task.id, task.ending or "open", (now - at).days)


def _last(repo: GitRepo, task_id: str) -> datetime | None:
    """When the last event of a task was; None where the log does not say."""
    with suppress(AgentError, ValueError, StopIteration):
        at = datetime.fromisoformat(next(history(repo, task_id))[0].at)
        return at if at.tzinfo else None
    return None


def _is_over(at: datetime | None, days: int, now: datetime) -> bool:
    return at is not None and timedelta(days=days) <= now - at


def _each(
    repo: GitRepo, plan: Plan, act: Callable[[TaskLog], Dropped]
) -> tuple[tuple[tuple[Due, Dropped], ...], tuple[Kept, ...]]:
    """What became of each task that is due: one that cannot go does not keep the others."""
    gone: list[tuple[Due, Dropped]] = []
    kept: list[Kept] = []
    for due in plan.tasks:
        try:
            log = TaskLog.load(repo, due.id)
            _check_at_rest(log)
            gone.append((due, act(log)))
        except (Conflict, UnknownTask) as error:
            kept.append(Kept(due.id, str(error)))
    return tuple(gone), tuple(kept)


def _unchanged(log: TaskLog) -> Dropped:
    check_droppable(log)
    return Dropped(log.state.task.id, log.state.task.branch if log.state.checkpoints else "", ())


def _check_at_rest(log: TaskLog) -> None:
    """A person may drop the task of a process that is stopped; we do not do so unasked."""
    state = log.state
    if state.ending is None and state.runs and standing(state.runs[-1].process) == "stopped":
        raise Conflict(f"{named(state.runs[-1])} is stopped and may go on.")


def _removed(repo: GitRepo, kept: Salvaged) -> bool:
    try:
        repo.delete_ref(kept.ref, kept.target)
    except Conflict:
        return False
    locks.forget(repo.folder, kept.ref)
    return True
