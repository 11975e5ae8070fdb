"""A dry run sees everything and leaves nothing but what it paid for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gitagent.domain.call import Call
from gitagent.domain.edit import File
from gitagent.domain.event import Kind
from gitagent.domain.plan import Plan
from gitagent.domain.task import Attempt, Task, TaskState
from gitagent.errors import Ending
from gitagent.git.dry_run import CallsLog, overlay
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.testing.repositories import commit, git

Make = Callable[..., Path]


def objects(folder: Path) -> list[Path]:
    return sorted((folder / ".git" / "objects").rglob("*"))


def test_new_objects_stay_in_the_overlay(repo: Make, tmp_path: Path) -> None:
    """It reads the real repository's objects, and not one object or ref is added there."""
    folder = repo({"a": "1"})
    before = objects(folder)
    real = GitRepo.open(folder)
    over = overlay(real, tmp_path / "over")
    head = real.resolve("HEAD")
    tree = over.with_files(over.tree_of(head), {"a": File(b"2"), "new": File(b"n")})
    new = over.commit(tree, [head], "new\n")
    over.move_ref("refs/heads/agent/x", new, None, "x")
    assert over.commits(new, head) == [new]
    assert "+2" in over.diff(over.tree_of(head), tree)
    assert objects(folder) == before
    assert real.ref("refs/heads/agent/x") is None
    author = git(tmp_path / "over", "show", "-s", "--format=%cn", new)
    assert author.strip() == "Uma User"


@pytest.mark.parametrize("kind", ["shallow", "worktree", "alternates"])
def test_every_repository_can_be_overlaid(repo: Make, tmp_path: Path, kind: str) -> None:
    """Objects are found where they are: cut off, shared, or borrowed from another place."""
    folder, other = repo({"a": "1"}, name="ä repo"), tmp_path / "other"
    commit(folder, {"a": "2"}, "two")
    if kind == "shallow":
        git(folder, "clone", "--quiet", "--depth=1", folder.as_uri(), str(other))
    elif kind == "worktree":
        git(folder, "worktree", "add", "--quiet", "--detach", str(other))
    else:
        git(folder, "clone", "--quiet", "--shared", ".", str(other))
    over = overlay(GitRepo.open(other), tmp_path / "over")
    head = GitRepo.open(other).resolve("HEAD")
    new = over.commit(over.with_files(over.tree_of(head), {"b": File(b"")}), [head], "new\n")
    assert over.commits(new, head) == [new]


def test_only_calls_and_the_ending_reach_the_real_log(repo: Make, tmp_path: Path) -> None:
    """What was paid for is on record; plan, attempts and checkpoints are forgotten."""
    real = GitRepo.open(repo({"a": "1"}))
    base = real.resolve("HEAD")
    task = Task("abc", "text", "agent/abc", base, "0" * 32, "2026", dry_run=True)
    kept = CallsLog(TaskLog.create(real, TaskState(task)))
    call = Call(1, "plan", 0, 1, "m", "p", "ok", "k", "h", "0" * 32, "2026")
    kept.record(Kind.PLANNED, plan=Plan(()))
    kept.record(Kind.ANSWERED, notes={"exchange/0001.reply.json": b"x"}, calls=(call,))
    kept.add_attempt(Attempt(1, 1, "m", tree="0" * 40))
    kept.record(Kind.ENDED, ending=Ending.DONE, message="m", seconds=1.0, delivery={"k": 1})
    assert kept.state.plan == Plan(())
    assert len(kept.state.attempts) == 1
    assert kept.read("exchange/0001.reply.json") == b"x"
    real_state = TaskLog.load(real, "abc").state
    assert real_state == TaskState(task, calls=(call,), ending=Ending.DONE, message="m", seconds=1)
