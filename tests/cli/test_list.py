"""`git agent list`: what tasks there are."""

from __future__ import annotations

from pathlib import Path

from bench import Bench

from gitagent.testing.repositories import git

KEYS = {"id", "text", "state", "ending", "branch", "created", "totals"}


def test_no_task_yet_says_how_to_start_one(bench: Bench, calc: Path) -> None:
    """An empty list is no error; a script gets an empty one."""
    ran = bench.run("list", cwd=calc)
    assert (ran.code, ran.out) == (0, "")
    assert "git agent task" in ran.err
    assert bench.run("list", "--json", cwd=calc).json() == []


def test_tasks_are_listed_newest_first_with_their_ending(bench: Bench, calc: Path) -> None:
    """One line each for people, one document for scripts."""
    first = bench.task(calc, "--no-gate", says=["no", "no"])
    second = bench.task(calc, "--no-gate")
    dry = bench.task(calc, "--no-gate", "--dry-run")
    lines = bench.run("list", cwd=calc).out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        [dry.id, "dry-run"], [second.id, "done"], [first.id, "no-change"],
    ]  # fmt: skip
    documents = bench.run("list", "--json", cwd=calc).json()
    assert [(d["id"], d["state"]) for d in documents] == [
        (dry.id, "dry-run"), (second.id, "ended"), (first.id, "ended"),
    ]  # fmt: skip
    assert all(set(d) == KEYS for d in documents)


def test_one_that_cannot_be_read_does_not_hide_the_others(bench: Bench, calc: Path) -> None:
    """A ref can come from anywhere: to a commit, a blob, another task's state, broken JSON."""
    done = bench.task(calc, "--no-gate")
    name = f"refs/gitagent/{done.id}"
    blob = git(calc, "rev-parse", "HEAD:calc.py").strip()
    bad = {"a-commit": "HEAD", "b-blob": blob, "c-other": name, "d-json": broken(calc, name)}
    for task_id, target in bad.items():
        git(calc, "update-ref", f"refs/gitagent/{task_id}", target)
    first, *others = bench.run("list", cwd=calc).out.splitlines()
    assert first.split()[:2] == [done.id, "done"]
    assert [line.split()[:2] for line in others] == [[task_id, "unreadable"] for task_id in bad]
    documents = bench.run("list", "--json", cwd=calc).json()
    assert [(d["id"], d["state"]) for d in documents] == [
        (done.id, "ended"), *((task_id, "unreadable") for task_id in bad),
    ]  # fmt: skip
    assert all(set(d) >= KEYS for d in documents)
    assert all("is not the state of a task" in d["reason"] for d in documents[1:])
    assert bench.run("show", cwd=calc).out.startswith(f"Task     {done.id}")


def test_a_commit_in_an_unknown_encoding_hides_nothing(bench: Bench, calc: Path) -> None:
    """Whatever stands in a header that somebody else has written."""
    done = bench.task(calc, "--no-gate")
    tree = git(calc, "rev-parse", "HEAD^{tree}").strip()
    odd = git(calc, "-c", "i18n.commitEncoding=foo", "commit-tree", tree, "-m", "odd\n\n{\n\nx")
    git(calc, "update-ref", "refs/gitagent/odd", odd.strip())
    ran = bench.run("list", cwd=calc)
    assert ran.code == 0, ran.err
    assert [line.split()[0] for line in ran.out.splitlines()] == [done.id, "odd"]


def broken(folder: Path, name: str) -> str:
    """A commit like a task's last one, whose message says what is no JSON."""
    tree = git(folder, "rev-parse", f"{name}^{{tree}}").strip()
    return git(folder, "commit-tree", tree, "-m", "ended done\n\n{\n\nAgent-Task: x").strip()
