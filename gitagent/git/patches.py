"""Patch files that `git am` takes."""

from __future__ import annotations

from pathlib import Path

from gitagent.git.program import format_patch
from gitagent.git.repository import GitRepo


def write(repo: GitRepo, base: str, head: str, task_id: str) -> list[Path]:
    """The files of a delivery, in the git folder, where no checkout sees them."""
    folder = repo.folder / "gitagent" / "patches" / task_id
    for old in folder.glob("*.patch"):
        old.unlink()  # of an earlier delivery, which may have had more commits
    return format_patch(repo, base, head, folder)
