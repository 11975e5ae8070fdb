"""The user goes on working: what moves under a task is left as it is, and said in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import CALC, FIX, GREEN, Bench, Done, block, plan_of, refs

from gitagent.testing.repositories import git
from gitagent.testing.scripted import Item, Say, Status
from gitagent.testing.snapshot import Snapshot, snapshot

SECOND = block("calc.py", "def sub(a, b):\n    return a - b", "def sub(a, b):\n    return b - a")
WAYS = ("--plan", "always", "--gate", GREEN)
WANT = CALC.replace("return a - b", "return a + b", 1).replace("return a - b", "return b - a")
Act = Callable[[Path, str], Any]


def on_branch(folder: Path, branch: str, *command: str) -> None:
    """A command on the agent's branch, and back to main."""
    git(folder, "checkout", "--quiet", branch)
    git(folder, *command)
    git(folder, "checkout", "--quiet", "main")


ELSEWHERE: dict[str, Act] = {
    "commit on main": lambda f, b: git(f, "commit", "--quiet", "--allow-empty", "-m", "mine"),
    "amend main": lambda f, b: git(f, "commit", "--quiet", "--amend", "-m", "other"),
    "switch": lambda f, b: git(f, "checkout", "--quiet", "-b", "side"),
    "stage and edit": lambda f, b: (f / "calc.py").write_text("half") and git(f, "add", "calc.py"),
    "detach": lambda f, b: git(f, "checkout", "--quiet", "--detach"),
}
"""What a task has nothing to do with."""

GONE: dict[str, tuple[Act, str]] = {
    "delete": (lambda f, b: git(f, "branch", "-D", b), "was deleted or renamed meanwhile"),
    "rename": (lambda f, b: git(f, "branch", "-m", b, "mine"), "was deleted or renamed meanwhile"),
    "set back": (lambda f, b: git(f, "branch", "-f", b, "main"), "was set back to"),
}
"""What takes nobody's commits away when it is put right."""

TAKEN: dict[str, tuple[Act, str]] = {
    "commit": (
        lambda f, b: on_branch(f, b, "commit", "--quiet", "--allow-empty", "-m", "mine"),
        "has commits that are not the task's",
    ),
    "amend": (
        lambda f, b: on_branch(f, b, "commit", "--quiet", "--amend", "-m", "mine"),
        "has commits that are not the task's",
    ),
    "check out": (lambda f, b: git(f, "checkout", "--quiet", b), "is checked out at"),
    "worktree": (
        lambda f, b: git(f, "worktree", "add", "--quiet", str(f.with_name("wt")), b),
        "is checked out at",
    ),
}
"""What stands in the task's way, and is not moved out of it."""


def run(bench: Bench, folder: Path, act: Act) -> tuple[Done, Snapshot]:
    """A task of two steps; the user acts while the model is asked for the second."""
    shots: list[Snapshot] = []
    replies = iter([plan_of("Add", "Turn sub"), FIX, SECOND])

    def answer(_asked: dict[str, Any]) -> Item:
        reply = next(replies)
        if reply is SECOND:
            (name,) = refs(folder, "refs/heads/agent/")
            act(folder, name.removeprefix("refs/heads/"))
            shots.append(snapshot(folder))
        return Say(reply)

    return bench.task(folder, *WAYS, says=answer), shots[0]


def final(folder: Path) -> str:
    (branch,) = refs(folder, "refs/heads/agent/")
    return git(folder, "show", f"{branch}:calc.py")


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_the_user_does_elsewhere_is_not_noticed(bench: Bench, calc: Path, name: str) -> None:
    """HEAD, main, the index and the files are the user's; the task goes on beside them."""
    done, before = run(bench, calc, ELSEWHERE[name])
    assert done.code == 0, done.err
    assert final(calc) == WANT
    assert before.diff(snapshot(calc)) == []


@pytest.mark.parametrize("name", GONE)
def test_a_branch_that_is_gone_is_made_again_by_resume_only(
    bench: Bench, calc: Path, server: Callable[..., Any], name: str
) -> None:
    """A run that finds it gone stops and says so; who resumes wants it back, at no new call."""
    act, said = GONE[name]
    done, before = run(bench, calc, act)
    assert done.code == 8, done.err
    assert said in done.err
    assert before.diff(snapshot(calc)) == []
    running = server([])
    ran = bench.run("resume", *WAYS, cwd=calc, env=running.environment)
    assert ran.code == 0, ran.err
    assert running.calls == ()
    assert final(calc) == WANT
    assert before.diff(snapshot(calc)) == []


@pytest.mark.parametrize("name", TAKEN)
def test_what_stands_in_the_way_is_not_moved(
    bench: Bench, calc: Path, server: Callable[..., Any], name: str
) -> None:
    """Neither by the run nor by the next; both say what is there, and the next pays no call."""
    act, said = TAKEN[name]
    done, before = run(bench, calc, act)
    assert done.code == 8, done.err
    assert said in done.err
    running = server([])
    held = refs(calc, "refs/heads/agent/")
    ran = bench.run("resume", *WAYS, cwd=calc, env=running.environment)
    assert ran.code == 8, ran.err
    assert said in ran.err
    assert running.calls == ()
    assert refs(calc, "refs/heads/agent/") == held
    assert before.diff(snapshot(calc)) == []


def test_a_branch_that_is_checked_out_between_two_runs_costs_no_call(
    bench: Bench, calc: Path, server: Callable[..., Any]
) -> None:
    """What cannot land is not asked for; once the branch is free, the task goes on."""
    done = bench.task(calc, *WAYS, says=[plan_of("Add", "Turn sub"), FIX, Status(401)])
    assert done.code == 6, done.err
    git(calc, "checkout", "--quiet", done.branch)
    running = server([Say(SECOND)])
    ran = bench.run("resume", *WAYS, cwd=calc, env=running.environment)
    assert ran.code == 8, ran.err
    assert running.calls == ()
    git(calc, "checkout", "--quiet", "main")
    ran = bench.run("resume", *WAYS, cwd=calc, env=running.environment)
    assert ran.code == 0, ran.err
    assert final(calc) == WANT
