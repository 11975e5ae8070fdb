"""`git agent diff` and `log`: what a task changes, in git's own words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bench import CALC, FIX, Bench, Done, block, plan_of

from gitagent.testing.repositories import git

README = block("README.md", "Adds and subtracts.", "Adds and subtracts, rightly.", "Say so")


@pytest.fixture
def two(bench: Bench, calc: Path) -> Done:
    says = [plan_of("Add", "Say so"), FIX, README]
    done = bench.task(calc, "--plan", "always", "--no-gate", says=says)
    assert done.code == 0, done.err
    return done


def test_the_diff_of_a_task_is_gits_own(bench: Bench, two: Done) -> None:
    """Byte for byte, so that it can be piped into git."""
    ran = bench.run("diff", two.id, cwd=two.folder)
    assert ran.out == git(two.folder, "diff", "main", two.branch)
    assert bench.run("diff", cwd=two.folder).out == ran.out


@pytest.mark.parametrize(("step", "files"), [("1", ["calc.py"]), ("2", ["README.md"])])
def test_the_diff_of_a_step_is_that_steps_alone(
    bench: Bench, two: Done, step: str, files: list[str]
) -> None:
    """STEP counts from 1, as in the trailers."""
    ran = bench.run("diff", two.id, step, cwd=two.folder)
    assert [line.split(" b/")[1] for line in ran.out.splitlines() if line[:5] == "diff "] == files


@pytest.mark.parametrize("step", ["0", "3", "x"])
def test_a_step_that_is_not_there_is_exit_2(bench: Bench, two: Done, step: str) -> None:
    """The number is named."""
    ran = bench.run("diff", two.id, step, cwd=two.folder)
    assert (ran.code, ran.out) == (2, "")
    assert step in ran.err


def test_a_task_without_commits_has_an_empty_diff_and_log(bench: Bench, calc: Path) -> None:
    """Nothing was changed, so nothing is shown."""
    done = bench.task(calc, "--no-gate", says=["no", "no"])
    for command in ("diff", "log"):
        ran = bench.run(command, done.id, cwd=calc)
        assert (ran.code, ran.out.strip()) == (0, "")


def test_the_diff_stays_after_the_branch_was_removed(bench: Bench, two: Done) -> None:
    """Evidence does not depend on a branch that a person may delete."""
    git(two.folder, "branch", "-D", two.branch)
    git(two.folder, "reflog", "expire", "--expire=all", "--all")
    git(two.folder, "gc", "--quiet", "--prune=now")
    ran = bench.run("diff", two.id, cwd=two.folder)
    assert ran.code == 0, ran.err
    assert "+    return a + b" in ran.out


def test_a_diff_with_other_line_ends_can_be_piped_into_git(
    bench: Bench, repo: Callable[..., Path]
) -> None:
    """A CR at a line's end is part of the file; one in the middle is shown."""
    folder = repo({"calc.py": CALC.replace("\n", "\r\n")})
    done = bench.task(folder, "--no-gate")
    ran = bench.run("diff", done.id, cwd=folder)
    place = folder.with_name("piped.diff")
    place.write_bytes(ran.out.encode())
    git(folder, "apply", str(place))
    assert git(folder, "diff", "--name-only", done.branch) == ""
