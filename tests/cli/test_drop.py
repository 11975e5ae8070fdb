"""`git agent drop`: a task is given up, and nothing else is lost."""

from __future__ import annotations

import json
from pathlib import Path

from bench import Bench, Done, refs

from gitagent.testing.repositories import commit, git
from gitagent.testing.snapshot import snapshot


def test_branch_and_state_are_removed_and_nothing_else(bench: Bench, calc: Path) -> None:
    """The user's side stays byte for byte."""
    before, were = snapshot(calc), refs(calc)
    kept = bench.task(calc, "--no-gate")
    done = bench.task(calc, "--no-gate")
    ran = bench.run("drop", done.id, cwd=calc)
    assert ran.code == 0, ran.err
    assert done.branch == ""
    assert set(refs(calc)) - set(were) == {f"refs/gitagent/{kept.id}", f"refs/heads/{kept.branch}"}
    assert before.diff(snapshot(calc)) == []
    assert bench.run("show", done.id, cwd=calc).code == 2
    assert bench.run("drop", done.id, cwd=calc).code == 2


def test_a_task_without_a_branch_is_dropped(bench: Bench, calc: Path) -> None:
    """A failed or dry task leaves only its record, which goes."""
    for args, says in ((("--dry-run",), ["no", "no"]), ((), ["no", "no"])):
        done = bench.task(calc, "--no-gate", *args, says=says)
        ran = bench.run("drop", done.id, cwd=calc)
        assert (ran.code, ran.out) == (0, f"Dropped task {done.id}.\n")
    assert set(refs(calc)) == {"refs/heads/main"}


def kept(bench: Bench, done: Done) -> str:
    """Dropping is a conflict, and all refs are as they were."""
    before = refs(done.folder)
    ran = bench.run("drop", done.id, cwd=done.folder)
    assert ran.code == 8, ran.err
    assert refs(done.folder) == before
    return str(ran.err)


def test_a_branch_with_other_commits_is_kept(bench: Bench, calc: Path) -> None:
    """Somebody's work on it is worth more than tidiness."""
    done = bench.task(calc, "--no-gate")
    git(calc, "checkout", "--quiet", done.branch)
    commit(calc, {"mine.txt": "x\n"}, "Mine")
    git(calc, "checkout", "--quiet", "main")
    assert "has moved" in kept(bench, done)


def test_a_branch_that_is_checked_out_is_kept(bench: Bench, calc: Path) -> None:
    """Here or in another worktree."""
    done = bench.task(calc, "--no-gate")
    other = calc.with_name("other")
    git(calc, "worktree", "add", "--quiet", str(other), done.branch)
    assert str(other) in kept(bench, done)


def test_a_forged_state_cannot_remove_a_users_branch(bench: Bench, calc: Path) -> None:
    """A state ref that was fetched may name any branch: only the agent's own are ever removed."""
    done = bench.task(calc, "--no-gate")
    git(calc, "branch", "precious", done.branch)
    task = json.loads(done.state("task.json"))
    place = calc / "task.json"
    place.write_text(json.dumps({**task, "branch": "precious"}))
    blob = git(calc, "hash-object", "-w", "task.json").strip()
    place.unlink()
    name = f"refs/gitagent/{done.id}"
    entries = git(calc, "ls-tree", name).splitlines()
    changed = [
        f"100644 blob {blob}\ttask.json" if line.endswith("\ttask.json") else line
        for line in entries
    ]
    tree = _make_tree(calc, changed)
    forged = git(calc, "commit-tree", tree, "-m", "forged").strip()
    git(calc, "update-ref", name, forged)
    assert "precious" in kept(bench, done)


def _make_tree(folder: Path, lines: list[str]) -> str:
    import subprocess

    text = "".join(f"{line}\n" for line in lines).encode()
    made = subprocess.run(["git", "mktree"], cwd=folder, input=text, capture_output=True)
    return made.stdout.decode().strip()
