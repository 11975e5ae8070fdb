"""`git agent accept`: a person takes commits, and nothing moves before all is known to fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import (
    CALC,
    FIX,
    GREEN,
    SAMPLE_FIX,
    Bench,
    Done,
    block,
    line_of,
    plan_of,
    refs,
    trailers,
    whole,
)

from gitagent.testing.repositories import SAMPLE_TASK, commit, git
from gitagent.testing.snapshot import snapshot

SUB = block(
    "calc.py", "def sub(a, b):\n    return a - b", "def sub(a, b):\n    return b - a", "Turn sub"
)
README = block("README.md", "Adds and subtracts.", "Adds and subtracts, rightly.", "Say so")


@pytest.fixture
def three(bench: Bench, calc: Path) -> Done:
    """A task of three steps: two in calc.py, one in the README."""
    says = [plan_of("Add", "Say so", "Turn"), FIX, README, SUB]
    done = bench.task(calc, "--plan", "always", "--no-gate", says=says)
    assert done.code == 0, done.err
    return done


def subjects(folder: Path, span: str) -> list[str]:
    return git(folder, "log", "--reverse", "--format=%s", span).splitlines()


def test_all_steps_are_taken_onto_the_current_branch(bench: Bench, three: Done) -> None:
    """Commits as they were made, files and index with them, and the working folder clean."""
    ran = bench.run("accept", three.id, cwd=three.folder)
    assert ran.code == 0, ran.err
    assert git(three.folder, "rev-parse", "main") == git(three.folder, "rev-parse", three.branch)
    assert "return a + b" in (three.folder / "calc.py").read_text()
    assert git(three.folder, "status", "--porcelain") == ""
    again = bench.run("accept", three.id, cwd=three.folder)
    assert (again.code, again.out) == (0, "main has these changes already.\n")


def test_the_result_is_gated_with_the_bases_own_tests(
    bench: Bench, repo: Callable[..., Path]
) -> None:
    """On a branch that went on meanwhile, the combination is what is tested."""
    folder = repo()
    done = bench.task(folder, text=SAMPLE_TASK, says=[SAMPLE_FIX])
    commit(folder, {"notes.txt": "meanwhile\n"}, "Meanwhile")
    ran = bench.run("accept", done.id, cwd=folder)
    assert ran.code == 0, ran.err
    assert "gate pass 22 passed, 1 fixed" in ran.err
    assert trailers(folder, "main")["Agent-Task"] == done.id
    said = git(folder, "log", "-1", "--format=%an|%cn", "main")
    assert said == "gitagent|Uma User\n"


def test_some_steps_can_be_taken_and_the_rest_is_named(bench: Bench, three: Done) -> None:
    """--steps takes what it names, in the task's order, and says what was left."""
    ran = bench.run("accept", three.id, "--steps", "2", cwd=three.folder)
    assert ran.code == 0, ran.err
    assert subjects(three.folder, "HEAD~1..HEAD") == ["Say so"]
    assert f"Left on {three.branch}: step 1, 3." in ran.out
    assert (three.folder / "calc.py").read_text() == CALC
    rest = bench.run("accept", three.id, cwd=three.folder)
    assert rest.code == 0, rest.err
    assert subjects(three.folder, "HEAD~2..HEAD") == ["Add", "Turn"]


def test_onto_another_branch_the_checkout_stays(bench: Bench, three: Done) -> None:
    """--onto moves that branch alone."""
    git(three.folder, "branch", "other")
    before = snapshot(three.folder)
    ran = bench.run("accept", three.id, "--onto", "other", cwd=three.folder)
    assert ran.code == 0, ran.err
    changed = {line.split(":")[0].split(" ", 1)[1] for line in before.diff(snapshot(three.folder))}
    assert changed <= {"ref refs/heads/other", "git logs/refs/heads/other"}
    assert "return a + b" in git(three.folder, "show", "other:calc.py")


def refused(bench: Bench, done: Done, *args: str) -> Any:
    """Accepting ends badly, and not a byte of the user's side has changed."""
    before, were = snapshot(done.folder), refs(done.folder)
    ran = bench.run("accept", done.id, *args, cwd=done.folder)
    assert (before.diff(snapshot(done.folder)), refs(done.folder)) == ([], were)
    assert "Traceback" not in ran.err
    return ran


def test_a_step_that_does_not_fit_is_a_conflict_and_nothing_changes(
    bench: Bench, three: Done
) -> None:
    """The conflicting paths are named, and the way on."""
    commit(three.folder, {"calc.py": CALC.replace("a - b", "a // b", 1)}, "Meanwhile")
    ran = refused(bench, three)
    assert ran.code == 8
    assert "calc.py" in ran.err
    assert "cherry-pick" in ran.err


def test_local_changes_in_the_way_are_a_conflict(bench: Bench, three: Done) -> None:
    """A dirty file that would be written is named; dirty files elsewhere stay as they are."""
    (three.folder / "README.md").write_text("mine\n")
    ran = refused(bench, three)
    assert ran.code == 8
    assert "README.md" in ran.err
    assert "stash" in ran.err
    elsewhere = bench.run("accept", three.id, "--steps", "1", cwd=three.folder)
    assert elsewhere.code == 0, elsewhere.err
    assert (three.folder / "README.md").read_text() == "mine\n"


def test_a_result_that_fails_the_gate_is_not_taken(bench: Bench, repo: Callable[..., Path]) -> None:
    """Exit 3; with --no-gate the user may insist."""
    folder = repo({"calc.py": CALC, "gitagent.toml": '[gate]\ncommands = ["test ! -f stop.txt"]\n'})
    done = bench.task(folder)
    bad = bench.task(folder, says=[whole("stop.txt", "x\n")], env={"GITAGENT_REPAIR_ATTEMPTS": "1"})
    assert (done.code, bad.code) == (0, 3), bad.err
    ran = refused(bench, bad)
    assert ran.code == 3
    assert "--no-gate" in ran.err
    insisted = bench.run("accept", bad.id, "--no-gate", cwd=folder)
    assert insisted.code == 0, insisted.err
    assert (folder / "stop.txt").exists()


def test_a_task_without_a_gate_is_gated_when_it_is_accepted(
    bench: Bench, repo: Callable[..., Path]
) -> None:
    """`Agent-Gate: none` is no reason to trust a tree."""
    folder = repo({"calc.py": CALC, "gitagent.toml": f'[gate]\ncommands = ["{GREEN}"]\n'})
    done = bench.task(folder, "--no-gate", says=[line_of("*")])
    assert done.code == 0, done.err
    commit(folder, {"calc.py": CALC.replace("a - b", "a + b", 1)}, "Green")
    green = bench.task(folder, "--no-gate", says=[SUB])
    assert bench.run("accept", green.id, cwd=folder).code == 0
    assert bench.run("accept", done.id, cwd=folder).code == 8
    red = bench.task(
        folder, "--no-gate",
        says=[block("calc.py", "    return a + b", "    return a * b")],
    )  # fmt: skip
    assert refused(bench, red).code == 3


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--steps", "9"), "no step 9"),
        (("--steps", "one"), "numbers"),
        (("--onto", "nowhere"), "no branch nowhere"),
    ],
)
def test_wrong_words_are_exit_2(
    bench: Bench, three: Done, args: tuple[str, ...], said: str
) -> None:
    """What is not there cannot be accepted."""
    ran = refused(bench, three, *args)
    assert ran.code == 2
    assert said in ran.err


def test_a_detached_head_needs_a_branch_named(bench: Bench, three: Done) -> None:
    """Without --onto there is nothing to move."""
    git(three.folder, "checkout", "--quiet", "--detach")
    ran = refused(bench, three)
    assert ran.code == 2
    assert "--onto" in ran.err
    onto = bench.run("accept", three.id, "--onto", "main", cwd=three.folder)
    assert onto.code == 0, onto.err


@pytest.mark.parametrize("args", [(), ("--onto", "main")])
def test_a_bare_repository_moves_its_branch(
    bench: Bench, calc: Path, args: tuple[str, ...]
) -> None:
    """There are no files to write, so nothing stands in the way."""
    bare = calc.with_name("bare.git")
    git(calc, "clone", "--quiet", "--bare", str(calc), str(bare))
    done = bench.task(bare, "--no-gate")
    ran = bench.run("accept", done.id, *args, cwd=bare)
    assert ran.code == 0, ran.err
    assert "return a + b" in git(bare, "show", "main:calc.py")


def test_a_branch_of_another_worktree_is_left_alone(bench: Bench, three: Done) -> None:
    """Its files would not follow; where to accept it is said."""
    other = three.folder.with_name("other")
    git(three.folder, "worktree", "add", "--quiet", "-b", "side", str(other))
    ran = refused(bench, three, "--onto", "side")
    assert ran.code == 8
    assert str(other) in ran.err
    there = bench.run("accept", three.id, cwd=other)
    assert there.code == 0, there.err
    assert "return a + b" in (other / "calc.py").read_text()
    assert (three.folder / "calc.py").read_text() == CALC


def test_a_task_without_commits_has_nothing_to_accept(bench: Bench, calc: Path) -> None:
    """An ending without a branch is said as such."""
    done = bench.task(calc, "--no-gate", says=["no", "no"])
    ran = refused(bench, done)
    assert ran.code == 2
    assert "no commit" in ran.err
