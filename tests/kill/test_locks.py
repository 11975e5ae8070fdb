"""A lock is removed only where it is known to be a dead process's of ours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from story import TASK, Scene
from walk import KILLED

from gitagent.errors import Conflict
from gitagent.git import locks
from gitagent.git.repository import GitRepo
from gitagent.testing.repositories import git

REF = "refs/heads/agent/x"


def test_a_foreign_lock_stays_however_often_it_is_met(repo: Callable[..., Path]) -> None:
    """Each try says that it stands there; the second has no more right to it than the first."""
    folder = repo({"a": "1"})
    opened = GitRepo.open(folder)
    lock = folder / ".git" / f"{REF}.lock"
    lock.parent.mkdir()
    lock.touch()
    for _ in range(2):
        with pytest.raises(Conflict, match="is locked"):
            opened.move_ref(REF, opened.resolve("main"), None, "test")
    assert lock.exists()
    lock.unlink()
    opened.move_ref(REF, opened.resolve("main"), None, "test")


def test_a_lock_that_git_took_after_our_death_stays(scene: Scene) -> None:
    """The dead one had said which file its lock was; another one there is somebody's."""
    assert scene.run(*TASK, GITAGENT_FAILPOINT="ref locked#3").code == KILLED
    (ours,) = scene.folder.glob(".git/refs/gitagent/*.lock")
    kept = ours.with_name("kept.lock")
    ours.rename(kept)  # so that the new one cannot have its inode
    ours.touch()
    assert scene.run("resume", scene.task_id).code == 8
    assert ours.exists()


def test_a_dead_ones_lock_goes_at_once(scene: Scene) -> None:
    """It is recognised by what the dead one said of it, without a wait."""
    assert scene.run(*TASK, GITAGENT_FAILPOINT="ref to be moved#3").code == KILLED
    common = scene.folder / ".git"
    name = f"refs/gitagent/{scene.task_id}"
    assert (common / f"{name}.lock").exists()
    assert locks.sweep(common) == [name]
    assert not (common / f"{name}.lock").exists()
    assert git(scene.folder, "rev-parse", "--verify", name)
