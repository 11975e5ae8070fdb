"""Where a branch is in use: a ref that a worktree stands on is not moved from elsewhere."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

IN_USE = ("HEAD", "rebase-merge/head-name", "rebase-apply/head-name")


@lru_cache(maxsize=64)
def shared(folder: Path) -> Path:
    """The git folder that all worktrees share, out of one worktree's own; it stays what it is."""
    common = _said(folder / "commondir")
    return (folder / common).resolve()


def holding(folder: Path, branch: str, *, bare: bool) -> str | None:
    """The checkout that has the branch, or is rebasing it; `folder` is the shared git folder.

    The HEAD of a bare repository is no checkout.
    """
    for place in (folder, *sorted(folder.glob("worktrees/*"))):
        if any(_said(place / name) == f"refs/heads/{branch}" for name in IN_USE):
            if place != folder:
                return str((place / _said(place / "gitdir")).resolve().parent)
            if not bare:
                return str(folder.parent)
    return None


def _said(file: Path) -> str:
    try:
        return os.fsdecode(file.read_bytes()).strip().removeprefix("ref: ")
    except OSError:
        return ""
