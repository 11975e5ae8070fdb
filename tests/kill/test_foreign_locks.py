"""Locks of packed refs: ours go once we are dead, others' are nobody's to remove but theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import gitagent
from gitagent.git import locks
from gitagent.git.repository import GitRepo
from gitagent.testing.repositories import git

REF = "refs/heads/agent/x"
MOVE = "r.move_ref(ref, r.resolve('main'), None, 'test')"
DROP = "r.delete_ref(ref, r.resolve('main'))"


def killed(place: str, folder: Path, act: str) -> None:
    """A process of ours that died while it did something to the ref."""
    code = (
        "from pathlib import Path; from gitagent.git.repository import GitRepo\n"
        f"r = GitRepo.open(Path('.')); ref = {REF!r}; {act}"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(gitagent.__file__).parent.parent)}
    env["GITAGENT_FAILPOINT"] = place
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, env=env, capture_output=True)
    assert done.returncode == -9, done.stderr


@pytest.fixture
def folder(repo: Callable[..., Path]) -> Path:
    return repo({"a": "1"})


@pytest.mark.parametrize("name", ["HEAD", "index", "packed-refs", "config", "refs/heads/main"])
def test_a_foreign_lock_outlives_our_death_beside_it(folder: Path, name: str) -> None:
    """Who died in a move of a ref has taken the lock of that ref and no other."""
    lock = folder / ".git" / f"{name}.lock"
    lock.write_text("theirs")
    killed("ref locked", folder, MOVE)
    opened = GitRepo.open(folder)
    opened.move_ref(REF, opened.resolve("main"), None, "test")
    assert locks.sweep(opened.folder) == []
    assert lock.read_text() == "theirs"


def test_the_lock_of_packed_refs_goes_with_whoever_removed_one(folder: Path) -> None:
    """A drop that died while it rewrote the packed refs must not stop every later `git gc`."""
    git(folder, "branch", "agent/x")
    git(folder, "pack-refs", "--all")
    killed("ref to be removed", folder, DROP)
    packed = folder / ".git" / "packed-refs.lock"
    packed.touch()  # as libgit2 leaves it between the lock and the rename
    assert locks.sweep(folder / ".git") == [REF]
    assert not packed.exists()
    git(folder, "pack-refs", "--all")
    opened = GitRepo.open(folder)
    opened.delete_ref(REF, opened.resolve("main"))
    assert opened.ref(REF) is None
