"""A model that wants to be done, not to be right, plays with the tests: the command sees it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bench import Bench, Done, block, whole

from gitagent.testing.repositories import git

CALC = "def add(a, b):\n    return a - b\n"
TEST = "from calc import add\n\n\ndef test_add():\n    assert add(2, 1) == 3\n"
TESTED = "def test_zero():\n    from calc import add\n    assert add(0, 0) == 0\n"
FILES = {"calc.py": CALC, "test_calc.py": TEST, "test_zero.py": TESTED}
WRONG = block("calc.py", "    return a - b", "    return a * b", "Mend add")
RIGHT = block("calc.py", "    return a - b", "    return a + b", "Mend add")
EMPTY = (
    RIGHT
    + block("test_zero.py", "    assert add(0, 0) == 0", "    add(0, 0)", "x").partition("\n\n")[2]
)
ALLOWED = {"GITAGENT_PATHS_ALLOW": "test_zero.py"}


@pytest.fixture
def folder(repo: Callable[..., Path]) -> Path:
    return repo(FILES)


@pytest.fixture
def emptied(bench: Bench, folder: Path) -> Done:
    return bench.task(folder, "--plan", "never", says=[EMPTY] * 4, text="add must add")


def test_a_weakened_test_is_a_failure_with_a_name_of_its_own(bench: Bench, emptied: Done) -> None:
    """Exit 3, and what is weakened comes before everything else that is said."""
    assert emptied.code == 3, emptied.err
    said = "test_zero.py:1: test_zero asserts nothing any more"
    assert f"weakened  {said}" in emptied.err
    assert "Only if it is meant: `GITAGENT_PATHS_ALLOW=test_zero.py git agent accept" in emptied.err
    shown = bench.run("show", emptied.id, cwd=emptied.folder).out.splitlines()
    first = next(n for n, line in enumerate(shown) if line == f"Weakened {said}")
    assert all(line.startswith(("Task", " ")) for line in shown[:first])
    gate = bench.run("show", emptied.id, "--json", cwd=emptied.folder).json()["steps"][0]["gate"]
    assert (gate["verdict"], gate["weakened"]) == ("weakened", [said])
    assert gate["fixed"] == ["test_calc.py::test_add"]
    commit = git(emptied.folder, "log", "-1", "--format=%B", emptied.branch)
    assert "Agent-Gate: fail (2 tests)" in commit


def test_the_diff_says_it_first_and_stays_a_diff(bench: Bench, emptied: Done) -> None:
    """What goes into a pipe is git's own, byte for byte."""
    ran = bench.run("diff", emptied.id, cwd=emptied.folder)
    assert ran.err.startswith("weakened  test_zero.py:1: test_zero asserts nothing any more")
    assert ran.out == git(emptied.folder, "diff", "main", emptied.branch)


def test_a_person_who_means_it_takes_it_with_leave(bench: Bench, emptied: Done) -> None:
    """Nobody else's word opens the way, and without it nothing is changed."""
    before = git(emptied.folder, "rev-parse", "main")
    refused = bench.run("accept", emptied.id, cwd=emptied.folder)
    assert refused.code == 3
    assert git(emptied.folder, "rev-parse", "main") == before
    taken = bench.run("accept", emptied.id, cwd=emptied.folder, env=ALLOWED)
    assert taken.code == 0, taken.err
    assert "changed with your leave: test_zero.py" in taken.err


def test_the_model_is_told_and_may_think_again(bench: Bench, folder: Path) -> None:
    """What it weakened is named to it; the repair leaves the tests alone and is green."""
    back = block("test_zero.py", "    add(0, 0)", "    assert add(0, 0) == 0", "Put it back")
    done = bench.task(folder, "--plan", "never", says=[EMPTY, back], text="add must add")
    assert done.code == 0, done.err
    assert "test_zero.py:1: test_zero asserts nothing any more" in done.asked[1]
    assert "The project's own tests decide" in done.asked[1]
    assert git(folder, "diff", "--name-only", "main", done.branch) == "calc.py\n"


def test_the_best_failed_attempt_is_the_honest_one(bench: Bench, folder: Path) -> None:
    """One that leaves the tests alone is worth more than one that makes more of them pass."""
    done = bench.task(folder, "--plan", "never", says=[EMPTY, WRONG, "no", "no"], text="fix add")
    assert done.code == 3, done.err
    assert "assert add(0, 0) == 0" in git(folder, "show", f"{done.branch}:test_zero.py")


def test_a_defect_that_no_test_shows_is_given_one(bench: Bench, repo: Callable[..., Path]) -> None:
    """The model is asked for it, and what it proves is shown."""
    folder = repo({"calc.py": CALC, "test_zero.py": TESTED})
    says = [RIGHT + whole("test_add.py", TEST).partition("\n\n")[2]]
    done = bench.task(folder, "--plan", "never", says=says, text="add is wrong: 2 and 1 are 3")
    assert done.code == 0, done.err
    assert "Add a test that fails without your change" in done.asked[0]
    shown = bench.run("show", done.id, cwd=folder)
    assert "failed before, passes now: test_add.py::test_add" in shown.out
    gate = bench.run("show", done.id, "--json", cwd=folder).json()["steps"][0]["gate"]
    assert (gate["proofs"], gate["unproven"]) == (["test_add.py::test_add"], [])


def test_where_a_test_fails_already_no_other_is_asked_for(bench: Bench, folder: Path) -> None:
    """The base's own failure is the proof."""
    done = bench.task(folder, "--plan", "never", says=[RIGHT], text="add is wrong")
    assert done.code == 0, done.err
    assert "Add a test that fails" not in done.asked[0]


def test_the_gate_of_the_branch_does_not_decide(bench: Bench, folder: Path) -> None:
    """Its own commit names another gate, by whose leave ever: the base's command runs."""
    gate = '[gate]\ncommands = ["true"]\n'
    says = [WRONG + whole("gitagent.toml", gate).partition("\n\n")[2]] * 4
    leave = {"GITAGENT_PATHS_ALLOW": "gitagent.toml"}
    done = bench.task(folder, "--plan", "never", says=says, text="add must add, fix it", env=leave)
    assert done.code == 3, done.err
