"""`git agent log`: the commits of a task with their trailers."""

from __future__ import annotations

from pathlib import Path

from bench import FIX, Bench, block, plan_of

from gitagent.testing.repositories import git

README = block("README.md", "Adds and subtracts.", "Adds and subtracts, rightly.", "Say so")


def test_commits_come_newest_first_with_their_messages(bench: Bench, calc: Path) -> None:
    """As `git log` shows them, the task's own and no others."""
    says = [plan_of("Add", "Say so"), FIX, README]
    done = bench.task(calc, "--plan", "always", "--no-gate", says=says)
    ran = bench.run("log", done.id, cwd=calc)
    heads = [line.split()[1] for line in ran.out.splitlines() if line.startswith("commit ")]
    assert heads == git(calc, "rev-list", f"main..{done.branch}").split()
    assert f"    Agent-Task: {done.id}" in ran.out
    assert ran.out.index("    Say so") < ran.out.index("    Add")
    assert bench.run("log", cwd=calc).out == ran.out
