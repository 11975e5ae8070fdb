"""Patch files that `git am` takes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from gitagent.git.program import format_patch
from gitagent.git.repository import GitRepo


def write(repo: GitRepo, base: str, head: str, task_id: str) -> list[Path]:
    """The files of a delivery, in the git folder, where no checkout sees them."""
    remove(repo, task_id)  # of an earlier delivery, which may have had more commits
    return format_patch(repo, base, head, _folder(repo, task_id))


def remove(repo: GitRepo, task_id: str) -> None:
    """No patch file of the task is left."""
    folder = _folder(repo, task_id)
    for file in folder.glob("*.patch"):
        file.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def written(repo: GitRepo) -> list[str]:
    """The tasks that have patch files."""
    return sorted(folder.name for folder in _folder(repo, "x").parent.glob("*"))


def _folder(repo: GitRepo, task_id: str) -> Path:
    return repo.folder / "gitagent" / "patches" / task_id
