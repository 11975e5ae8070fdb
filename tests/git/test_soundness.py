"""A state that could not be one of ours is told before anything is done with it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gitagent.domain.call import Call
from gitagent.domain.context import Context, Excerpt, StepContext
from gitagent.domain.event import Kind
from gitagent.domain.plan import Plan, PlanStep
from gitagent.domain.run import Process, Run
from gitagent.domain.task import Attempt, Checkpoint, Task, TaskState
from gitagent.domain.verdict import UNCHECKED, CommandRun, Verdict
from gitagent.errors import Conflict
from gitagent.git import log, soundness
from gitagent.git.log import TaskLog
from gitagent.git.origin import is_users
from gitagent.git.repository import GitRepo
from gitagent.takeover import unlearned
from gitagent.testing.repositories import commit, git

Make = Callable[..., Path]
ID = "0" * 40
TASK = Task("abc", "text", "agent/abc", ID, "0" * 32, "2026-01-01")
CALL = Call(1, "plan", 0, 1, "m", "p", "ok", "k", "h", "0" * 32, "2026")
STEP = Checkpoint(1, "One", ID, ID, "m", "p", 1, (), Verdict("pass"))
RUN = Run(1, Process("h", "m", "s", 1, "1"), "2026")
PLAN = Plan((PlanStep(1, "One", "one"),))
TWICE = Context(excerpts=(Excerpt("a", "", whole=True),) * 2)
STATE = TaskState(
    TASK, plan=PLAN, checkpoints=(STEP,), calls=(CALL,), runs=(RUN,), attempts=(Attempt(1, 1, "m"),)
)


def test_a_state_of_ours_is_sound() -> None:
    """Whatever stage it has come to."""
    soundness.check("abc", TaskState(TASK))
    soundness.check("abc", STATE)


@pytest.mark.parametrize(
    "forged",
    [
        {"task": replace(TASK, id="other")},
        {"task": replace(TASK, branch="main")},
        {"task": replace(TASK, branch="agent/../main")},
        {"task": replace(TASK, branch="agent/x.lock")},
        {"task": replace(TASK, branch="agent/\u202ex")},
        {"task": replace(TASK, trace_id="0" * 31 + "\n")},
        {"task": replace(TASK, base="HEAD")},
        {"task": replace(TASK, started_at="main")},
        {"checkpoints": (replace(STEP, commit="-x"),)},
        {"checkpoints": (replace(STEP, tree=""),)},
        {"checkpoints": (replace(STEP, step=2),)},
        {"checkpoints": (STEP, replace(STEP, step=2))},
        {"checkpoints": (STEP,), "plan": None},
        {"plan": Plan(()), "checkpoints": ()},
        {"plan": Plan((PlanStep(7, "x", "x"),))},
        {"calls": (replace(CALL, seq=10**18),)},
        {"calls": (CALL, CALL)},
        {"runs": (replace(RUN, epoch=-1),)},
        {"attempts": (Attempt(1, 1, "m", tree="../x"),)},
        {"context": TWICE},
        {"context": Context(looked=TWICE.excerpts)},
        {"shown": StepContext(1, ID, None, TWICE)},
    ],
    ids=lambda forged: next(iter(forged)),
)
def test_what_could_not_be_ours_is_a_conflict(forged: dict[str, Any]) -> None:
    """Names, ids and numbers are checked where they come in."""
    with pytest.raises(Conflict):
        soundness.check("abc", replace(STATE, **forged))


def test_entries_that_are_no_files_are_not_followed(repo: Make) -> None:
    """A link, a submodule or a folder in the place of a fact is not read as one."""
    folder = repo({"a": "1"})
    opened = GitRepo.open(folder)
    base = opened.resolve("HEAD")
    TaskLog.create(opened, TaskState(replace(TASK, base=base)))
    tree = git(folder, "ls-tree", "refs/gitagent/abc")
    link = git(folder, "rev-parse", "HEAD:a").strip()
    for mode, kind, target in (("120000", "blob", link), ("160000", "commit", base)):
        lines = [line for line in tree.splitlines() if "task.json" not in line]
        lines.append(f"{mode} {kind} {target}\ttask.json")
        _put(folder, base, lines)
        with pytest.raises(Conflict, match=r"no task\.json"):
            TaskLog.load(opened, "abc")
        _put(folder, base, [*tree.splitlines(), f"{mode} {kind} {target}\tcalls"])
        assert TaskLog.load(opened, "abc").state.calls == ()


def test_a_state_of_very_many_or_very_large_files_is_not_read(repo: Make) -> None:
    """Neither fills the memory: they are counted and measured first."""
    folder = repo({"a": "1"})
    opened = GitRepo.open(folder)
    base = opened.resolve("HEAD")
    TaskLog.create(opened, TaskState(replace(TASK, base=base)))
    tree = git(folder, "ls-tree", "refs/gitagent/abc").splitlines()
    blob = git(folder, "rev-parse", "HEAD:a").strip()
    many = [f"100644 blob {blob}\t{n:06}.json" for n in range(log.MOST_FACTS + 1)]
    calls = _tree(folder, many)
    _put(folder, base, [*tree, f"040000 tree {calls}\tcalls"])
    with pytest.raises(Conflict, match="files in calls"):
        TaskLog.load(opened, "abc")
    (folder / "big").write_bytes(b" " * (log.LARGEST + 1))
    big = git(folder, "hash-object", "-w", "big").strip()
    _put(folder, base, [*tree, f"100644 blob {big}\tcontext.json"])
    with pytest.raises(Conflict, match="larger"):
        TaskLog.load(opened, "abc")


def test_what_a_foreign_state_says_of_a_gate_is_unlearned() -> None:
    """Its verdicts, its base and its delivery; not its plan, its calls and its steps."""
    passed = replace(STATE.attempts[0], verdict=Verdict("pass"))
    state = replace(
        STATE, attempts=(passed,), base_runs=(CommandRun("x", 0, "", 1.0),), delivery={"k": 1}
    )
    changed = replace(state, **unlearned(state, ["x"], local=False))
    assert changed.base_runs is None
    assert changed.attempts == STATE.attempts
    assert [step.verdict for step in changed.checkpoints] == [UNCHECKED]
    assert changed.delivery == {}
    assert (changed.calls, changed.plan) == (state.calls, state.plan)


def test_what_was_found_here_by_the_same_gate_is_believed() -> None:
    """By another gate it is not, nor by none."""
    passed = replace(STATE.attempts[0], verdict=Verdict("pass"))
    state = replace(STATE, attempts=(passed,), base_runs=(CommandRun("x", 0, "", 1.0),))
    assert unlearned(state, ["x"], local=True) == {}
    for gate in ([], ["y"], ["x", "y"]):
        changed = replace(state, **unlearned(state, gate, local=True))
        assert (changed.base_runs, changed.attempts) == (None, STATE.attempts)
        assert changed.checkpoints == state.checkpoints
    none = replace(state, base_runs=())
    assert unlearned(none, [], local=True) == {}
    assert unlearned(none, ["x"], local=True)["base_runs"] is None


def test_a_commit_is_the_users_if_a_branch_of_theirs_has_it(repo: Make) -> None:
    """What only a task's branch or a remote's leads to was brought along."""
    folder = repo({"a": "1"})
    first = git(folder, "rev-parse", "HEAD").strip()
    commit(folder, {"a": "2"}, "Second")
    stray = git(folder, "commit-tree", "-p", first, "-m", "stray", f"{first}^{{tree}}").strip()
    git(folder, "update-ref", "refs/heads/agent/x", stray)
    git(folder, "update-ref", "refs/remotes/origin/x", stray)
    opened = GitRepo.open(folder)
    assert is_users(opened, first)
    assert is_users(opened, opened.resolve("HEAD"))
    assert not is_users(opened, stray)
    git(folder, "checkout", "--quiet", "--detach", stray)
    assert is_users(GitRepo.open(folder), stray)


def _tree(folder: Path, lines: list[str]) -> str:
    listing = folder.with_name("listing")
    listing.write_text("".join(f"{line}\n" for line in lines))
    with listing.open("rb") as stdin:
        made = subprocess.run(["git", "mktree"], cwd=folder, stdin=stdin, capture_output=True)
    assert made.returncode == 0, made.stderr
    return made.stdout.decode().strip()


def _put(folder: Path, base: str, lines: list[str]) -> None:
    message = git(folder, "log", "-1", "--format=%B", "refs/gitagent/abc")
    made = git(folder, "commit-tree", "-p", base, "-m", message, _tree(folder, lines)).strip()
    git(folder, "update-ref", "refs/gitagent/abc", made)


def test_what_was_fetched_on_top_of_ones_own_is_foreign(repo: Make) -> None:
    """Until something is written here again."""
    folder = repo({"a": "1"})
    opened = GitRepo.open(folder)
    mine = TaskLog.create(opened, TaskState(replace(TASK, base=opened.resolve("HEAD"))))
    assert mine.local
    other = folder.with_name("other")
    git(folder, "clone", "--quiet", str(folder), str(other))
    git(other, "fetch", "--quiet", "origin", "refs/gitagent/*:refs/gitagent/*")
    there = TaskLog.load(GitRepo.open(other), "abc")
    assert not there.local
    there.begin(RUN)
    assert there.local
    git(folder, "fetch", "--quiet", str(other), "refs/gitagent/*:refs/gitagent/*")
    again = TaskLog.load(opened, "abc")
    assert not again.local
    again.record(Kind.ENDED)
    assert again.local
