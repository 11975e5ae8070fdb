"""`git agent patch`: a task as files that `git am` takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import FIX, Bench, block, plan_of

from gitagent.testing.repositories import git

README = block("README.md", "Adds and subtracts.", "Adds and subtracts, rightly.", "Say so")


@pytest.mark.parametrize("setting", ["", "diff.noprefix", "format.coverLetter", "format.attach"])
def test_the_files_are_taken_by_git_am(
    bench: Bench, calc: Path, tmp_path: Path, setting: str
) -> None:
    """One a commit, in order, and the same tree comes of them, whatever format the user likes."""
    if setting:
        git(calc, "config", setting, "true")
    says = [plan_of("Add", "Say so"), FIX, README]
    done = bench.task(calc, "--plan", "always", "--no-gate", says=says)
    ran = bench.run("patch", done.id, "-o", str(tmp_path / "out"), cwd=calc)
    assert ran.code == 0, ran.err
    files = ran.out.split()
    assert [Path(file).name for file in files] == ["0001-Add.patch", "0002-Say-so.patch"]
    git(calc, "am", "--quiet", *files)
    assert git(calc, "rev-parse", "HEAD^{tree}") == git(
        calc, "rev-parse", f"{done.branch}^{{tree}}"
    )
    assert "Agent-Task: " in git(calc, "log", "-1", "--format=%B")


def test_a_task_without_a_commit_is_exit_2(bench: Bench, calc: Path, tmp_path: Path) -> None:
    """There is nothing to write, and nothing is written."""
    done = bench.task(calc, "--no-gate", says=["no", "no"])
    ran = bench.run("patch", done.id, "-o", str(tmp_path / "out"), cwd=calc)
    assert ran.code == 2
    assert "no commit" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written_is_one_sentence(
    bench: Bench, calc: Path, tmp_path: Path
) -> None:
    """Not a bug of ours, and said as what it is."""
    done = bench.task(calc, "--no-gate")
    (tmp_path / "file").write_text("in the way\n")
    ran = bench.run("patch", done.id, "-o", str(tmp_path / "file" / "out"), cwd=calc)
    assert ran.code == 2, ran.err
    assert "file" in ran.err
    assert "bug" not in ran.err
