"""What was written and nothing leads to yet survives a `git gc --prune=now`."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import FILES, FIX, GREEN, TEXT, line_of, refs

from gitagent.domain.edit import File
from gitagent.domain.event import Kind
from gitagent.domain.task import Attempt, Checkpoint, Task, TaskState
from gitagent.domain.verdict import Verdict
from gitagent.errors import Conflict
from gitagent.git import unkept
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.git.unkept import outwait_gc
from gitagent.testing.repositories import git
from gitagent.testing.scripted import Say

Make = Callable[..., Path]


def prune(folder: Path) -> None:
    """All that a careless person can do about what is not reachable."""
    git(folder, "reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all")
    git(folder, "gc", "--quiet", "--prune=now")


def whole(folder: Path) -> bool:
    """Whether every object that a ref leads to is there."""
    said = git(folder, "fsck", "--connectivity-only", "--no-dangling")
    return "missing" not in said and "broken" not in said


def begun(folder: Path) -> TaskLog:
    repo = GitRepo.open(folder)
    base = repo.resolve("HEAD")
    return TaskLog.create(repo, TaskState(Task("abc", "t", "agent/abc", base, "0" * 32, "2026")))


def test_a_tree_that_was_pruned_before_its_event_is_written_again(repo: Make) -> None:
    """Between an edit and the event that keeps it lies a moment at which nothing leads to it."""
    folder = repo({"a": "1", "b/c": "2", os.fsdecode(b"caf\xe9/x"): "3"})
    log = begun(folder)
    base = log.repo.tree_of(log.state.task.base)
    changes = {"a": File(b"new"), "b/d": File(b"other"), os.fsdecode(b"caf\xe9/y"): File(b"4")}
    tree = log.repo.with_files(base, changes)
    prune(folder)
    assert git_says_missing(folder, tree)
    log.add_attempt(Attempt(1, 1, "m", tree))
    prune(folder)
    assert whole(folder)
    assert git(folder, "show", "refs/gitagent/abc:code/1.1/b/d") == "other"


def test_a_commit_that_was_pruned_before_its_branch_moved_is_written_again(repo: Make) -> None:
    """A checkpoint's commit is nothing yet until the branch leads to it."""
    folder = repo({"a": "1"})
    log = begun(folder)
    base = log.state.task.base
    tree = log.repo.with_files(log.repo.tree_of(base), {"a": File(b"2")})
    made = log.repo.commit(tree, [base], "Two\n\nAgent-Task: abc\n")
    prune(folder)
    log.add_checkpoint(Checkpoint(1, "Two", made, tree, "m", "p", 1, ("a",), Verdict("pass")))
    prune(folder)
    assert whole(folder)
    assert git(folder, "show", "agent/abc:a") == "2"


def test_what_is_too_large_to_remember_is_missed_and_said(repo: Make) -> None:
    """No ref moves to what is not there."""
    folder = repo({"a": "1"})
    log = begun(folder)
    large = b"x" * (unkept.REMEMBERED_BYTES + 1)
    tree = log.repo.with_files(log.repo.tree_of(log.state.task.base), {"a": File(large)})
    before = refs(folder)
    prune(folder)
    with pytest.raises(Conflict, match="gc"):
        log.add_attempt(Attempt(1, 1, "m", tree))
    assert refs(folder) == before
    assert whole(folder)


def test_a_merge_that_was_pruned_is_written_again(repo: Make) -> None:
    """As `accept` makes one, and gates it for minutes."""
    text = "".join(f"{n}\n" for n in range(9))
    folder = repo({"deep/er/a": text, "b": "1"})
    opened = GitRepo.open(folder)
    base = opened.resolve("HEAD")
    root = opened.tree_of(base)
    ours = opened.with_files(root, {"deep/er/a": File(f"x\n{text}".encode())})
    theirs = opened.with_files(root, {"deep/er/a": File(f"{text}y\n".encode())})
    merged, conflicts = opened.merge(root, ours, theirs)
    made = opened.commit(merged, [base], "Merged")
    assert conflicts == []
    prune(folder)
    with opened.keeping():
        opened.move_ref("refs/heads/agent/x", made, None, "test")
    prune(folder)
    assert whole(folder)
    assert git(folder, "show", "agent/x:deep/er/a") == f"x\n{text}y\n"


def git_says_missing(folder: Path, name: str) -> bool:
    asked = subprocess.run(["git", "cat-file", "-e", name], cwd=folder, capture_output=True)
    return asked.returncode != 0


def test_a_gc_at_work_is_outwaited(tmp_path: Path) -> None:
    """It may take what it has not seen led to; so it ends first."""
    with subprocess.Popen(["sleep", "30"]) as process:
        (tmp_path / "gc.pid").write_text(f"{process.pid} {socket.gethostname()}")
        threading.Timer(0.3, process.kill).start()
        began = time.monotonic()
        threading.Thread(target=process.wait).start()  # else it stays as a zombie, and is found
        outwait_gc(tmp_path)
    assert 0.2 < time.monotonic() - began < 10


@pytest.mark.parametrize("said", ["", "x", "999999999 HERE", "1 elsewhere", "9" * 40 + " HERE"])
def test_what_a_dead_gc_left_holds_nobody_up(tmp_path: Path, said: str) -> None:
    """Nor does one of another machine, which cannot be asked."""
    (tmp_path / "gc.pid").write_text(said.replace("HERE", socket.gethostname()))
    began = time.monotonic()
    outwait_gc(tmp_path)
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("place", ["edits applied: written", "lock taken#5"])
def test_a_gc_in_the_middle_of_a_run_takes_nothing(
    agent: Any, server: Callable[..., Any], repo: Make, place: str
) -> None:
    """Wherever it finds the run, this goes on as if nothing had been, and pays no call again."""
    calc = repo(FILES)
    running = server([Say(line_of("*")), Say(FIX)])
    env = {**running.environment, "GITAGENT_FAILPOINT": f"{place}!stop"}
    process = agent.start("task", TEXT, "--gate", GREEN, "--plan", "never", cwd=calc, env=env)
    stopped_at = Path(f"/proc/{process.pid}/stat")
    while stopped_at.read_text().rpartition(") ")[2][0] not in "Tt":
        assert process.poll() is None
        time.sleep(0.02)
    prune(calc)
    os.kill(process.pid, signal.SIGCONT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()
    assert len(running.calls) == 2
    prune(calc)
    assert whole(calc)
    (branch,) = refs(calc, "refs/heads/agent/")
    assert "return a + b" in git(calc, "show", f"{branch}:calc.py")
    (state,) = refs(calc, "refs/gitagent/")
    assert TaskLog.load(GitRepo.open(calc), state.rpartition("/")[2]).state.ending == "done"


def test_events_after_a_gc_stand_on_those_before(repo: Make) -> None:
    """A gc between any two events of a log changes nothing of it."""
    folder = repo({"a": "1"})
    log = begun(folder)
    for n in range(3):
        log.record(Kind.PLANNED, f"{n}", notes={"n": b"%d" % n})
        prune(folder)
    assert whole(folder)
    assert TaskLog.load(GitRepo.open(folder), "abc").read("n") == b"2"


def test_an_object_that_lost_its_content_is_written_again(repo: Make) -> None:
    """A name may outlive a power cut that its content did not."""
    folder = repo({"a": "1"})
    opened = GitRepo.open(folder)
    tree = opened.tree_of(opened.resolve("HEAD"))
    made = opened.with_files(tree, {"b": File(b"new")})
    blob = git(folder, "rev-parse", f"{made}:b").strip()
    place = folder / ".git" / "objects" / blob[:2] / blob[2:]
    for damage in (b"", b"x", place.read_bytes()[:-3]):
        place.chmod(0o644)
        place.write_bytes(damage)
        again = GitRepo.open(folder)
        assert again.with_files(tree, {"b": File(b"new")}) == made
        assert git(folder, "cat-file", "-p", blob) == "new"


def test_a_repository_that_is_let_go_keeps_no_file_open(repo: Make) -> None:
    """However much was written and led to nothing."""
    folder = repo({"a": "1"})
    before = len(list(Path("/dev/fd").iterdir()))
    for n in range(5):
        opened = GitRepo.open(folder)
        base = opened.tree_of(opened.resolve("HEAD"))
        for k in range(20):
            opened.with_files(base, {"b": File(f"{n} {k}".encode())})
        del opened
    assert len(list(Path("/dev/fd").iterdir())) <= before + 2
