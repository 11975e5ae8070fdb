"""`git agent list`: what tasks there are."""

from __future__ import annotations

from pathlib import Path

from bench import Bench

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
