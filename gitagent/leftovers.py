"""What dead processes, and tasks that are gone, have left in the git folder and among the logs."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from gitagent import logs
from gitagent.errors import Conflict, UnknownTask
from gitagent.git import locks, patches
from gitagent.git.log import FAMILY, TaskLog
from gitagent.git.repository import GitRepo
from gitagent.git.writing import held_rooms, leave_room
from gitagent.holder import check_free

OURS = ("refs/heads/agent/", FAMILY)


def sweep(repo: GitRepo) -> None:
    """Clean the git folder: locks, packs, room that is held for nobody, patch files of no task."""
    locks.sweep(repo.folder)
    repo.fold_packs(least=0)
    for name in locks.names(repo.folder):
        if name.startswith(OURS) and repo.ref(name) is None:
            locks.forget(repo.folder, name)
    for task_id in held_rooms(repo.folder):
        if not _is_alive(repo, task_id):
            leave_room(repo.folder, task_id)
    for task_id in patches.written(repo):
        if repo.ref(FAMILY + task_id) is None:
            patches.remove(repo, task_id)


def sweep_logs(repo: GitRepo, before: datetime) -> None:
    """Remove log files of tasks that are not this repository's and were not written to since."""
    for file in logs.place("x").parent.glob("*.jsonl*"):
        if repo.ref(FAMILY + file.name.partition(".")[0]) is not None:
            continue
        with suppress(OSError):
            if datetime.fromtimestamp(file.stat().st_mtime, UTC) < before:
                file.unlink()


def _is_alive(repo: GitRepo, task_id: str) -> bool:
    """Whether a process may be at work on a task, as far as can be told."""
    try:
        return bool(check_free(TaskLog.load(repo, task_id).state))
    except UnknownTask:
        return False
    except Conflict:
        return True
