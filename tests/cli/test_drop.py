"""`git agent drop`: a task is given up, and nothing else is lost."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import GREEN, TEXT, Bench, Done, line_of, refs

from gitagent import logs
from gitagent.testing.repositories import commit, git
from gitagent.testing.scripted import Hang
from gitagent.testing.snapshot import snapshot

SALVAGED = "refs/gitagent/salvaged/"
PLACES = (
    "lock taken",
    "ref moved",
    "reflog removed",
    "ref removed",
    "task's files removed",
    "reflog removed#2",
    "ref removed#2",
)


def test_branch_and_state_are_removed_and_nothing_else(bench: Bench, calc: Path) -> None:
    """The user's side stays byte for byte; the other task and what was salvaged are there."""
    before, were = snapshot(calc), refs(calc)
    kept = bench.task(calc, "--no-gate")
    done = bench.task(calc, "--no-gate", "--deliver", "patch")
    head = git(calc, "rev-parse", done.branch).strip()
    assert list(calc.glob(f".git/gitagent/patches/{done.id}/*"))
    ran = bench.run("drop", done.id, cwd=calc)
    assert ran.code == 0, ran.err
    assert done.branch == ""
    ours = {f"refs/gitagent/{kept.id}", f"refs/heads/{kept.branch}", SALVAGED + done.id}
    assert set(refs(calc)) - set(were) == ours
    assert git(calc, "rev-parse", f"{SALVAGED}{done.id}^{{commit}}").strip() == head
    assert before.diff(snapshot(calc)) == []
    assert left_of(calc, done.id) == []
    assert bench.run("show", done.id, cwd=calc).code == 2
    assert bench.run("drop", done.id, cwd=calc).code == 2


def left_of(folder: Path, task_id: str) -> list[Path]:
    """Files outside of the object database that name a task, but for what was salvaged."""
    places = (folder / ".git", logs.place("x").parent)
    found = (file for place in places for file in place.rglob(f"*{task_id}*"))
    return [file for file in found if "salvaged" not in str(file)]


def test_a_task_without_work_is_dropped_without_a_trace(bench: Bench, calc: Path) -> None:
    """A failed or dry task leaves only its record, which goes."""
    for args, says in ((("--dry-run",), ["no", "no"]), ((), ["no", "no"])):
        done = bench.task(calc, "--no-gate", *args, says=says)
        ran = bench.run("drop", done.id, cwd=calc)
        assert (ran.code, ran.out) == (0, f"Dropped task {done.id}.\n")
        assert left_of(calc, done.id) == []
    assert set(refs(calc)) == {"refs/heads/main"}


def test_what_another_branch_has_is_not_salvaged(bench: Bench, calc: Path) -> None:
    """Merged work needs no second ref."""
    done = bench.task(calc, "--no-gate")
    git(calc, "merge", "--quiet", "--ff-only", done.branch)
    assert bench.run("drop", done.id, cwd=calc).code == 0
    assert set(refs(calc)) == {"refs/heads/main"}


def test_the_command_that_is_said_brings_the_work_back(bench: Bench, calc: Path) -> None:
    """A person's own commits on the task's branch come with it; `--json` says the same."""
    done = bench.task(calc, "--no-gate")
    git(calc, "checkout", "--quiet", done.branch)
    mine = commit(calc, {"mine.txt": "x\n"}, "Mine")
    git(calc, "checkout", "--quiet", "main")
    ran = bench.run("drop", done.id, "--json", cwd=calc)
    assert ran.json()["salvaged"] == [{"ref": SALVAGED + done.id, "commit": mine}]
    said = f"git branch rescued {SALVAGED}{done.id}"
    git(calc, *said.split()[1:])
    assert git(calc, "rev-parse", "rescued").strip() == mine


def test_commits_that_the_branch_has_left_are_salvaged_too(bench: Bench, calc: Path) -> None:
    """The branch was amended: what stands there and what the log knows are both kept."""
    done = bench.task(calc, "--no-gate")
    logged = git(calc, "rev-parse", done.branch).strip()
    git(calc, "checkout", "--quiet", done.branch)
    git(calc, "commit", "--quiet", "--amend", "--message", "Better words")
    amended = git(calc, "rev-parse", "HEAD").strip()
    git(calc, "checkout", "--quiet", "main")
    salvaged = bench.run("drop", done.id, "--json", cwd=calc).json()["salvaged"]
    assert {each["commit"] for each in salvaged} == {amended, logged}
    assert len({each["ref"] for each in salvaged}) == 2


def test_the_best_attempt_of_a_step_without_a_commit_is_salvaged(bench: Bench, calc: Path) -> None:
    """The provider stopped after a first try that the gate refused: the try is worth something."""
    done = bench.task(calc, "--gate", GREEN, "--max-calls", "1", says=[line_of("*")])
    assert done.branch == ""
    ran = bench.run("drop", done.id, "--json", cwd=calc)
    (kept,) = ran.json()["salvaged"]
    assert "return a * b" in git(calc, "show", f"{kept['ref']}:calc.py")
    assert git(calc, "log", "-1", "--format=%s", kept["ref"]).startswith("Best attempt at step 1")


def test_what_was_salvaged_twice_under_one_id_is_all_there(bench: Bench, calc: Path) -> None:
    """An id may come again: the older work keeps its ref."""
    done = bench.task(calc, "--no-gate")
    git(calc, "update-ref", SALVAGED + done.id, "main")
    (kept,) = bench.run("drop", done.id, "--json", cwd=calc).json()["salvaged"]
    assert kept["ref"] == f"{SALVAGED}{done.id}-2"
    assert git(calc, "rev-parse", SALVAGED + done.id) == git(calc, "rev-parse", "main")


def kept(bench: Bench, done: Done) -> str:
    """Dropping is a conflict, and all refs are as they were."""
    before = refs(done.folder)
    ran = bench.run("drop", done.id, cwd=done.folder)
    assert ran.code == 8, ran.err
    assert refs(done.folder) == before
    return str(ran.err)


def test_a_branch_that_is_checked_out_is_kept(bench: Bench, calc: Path) -> None:
    """Here or in another worktree."""
    done = bench.task(calc, "--no-gate")
    other = calc.with_name("other")
    git(calc, "worktree", "add", "--quiet", str(other), done.branch)
    assert str(other) in kept(bench, done)


def test_a_task_that_is_being_worked_on_is_kept(
    calc: Path, agent: Callable[..., Any], server: Callable[..., Any], bench: Bench
) -> None:
    """The process that has it is named; once it is dead, the task can go."""
    model = server([Hang(60)])
    words = ("task", TEXT, "--no-gate", "--plan", "never")
    running = agent.start(*words, cwd=calc, env=model.environment)
    try:
        ends = time.monotonic() + 30
        while not model.calls and time.monotonic() < ends:
            time.sleep(0.02)
        (name,) = refs(calc, "refs/gitagent/")
        done = Done(0, "", "", calc, model, (name,))
        assert f"process {running.pid}" in kept(bench, done)
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
    assert bench.run("drop", done.id, cwd=calc).code == 0
    assert set(refs(calc)) == {"refs/heads/main"}


@pytest.mark.parametrize("place", PLACES)
def test_killed_on_the_way_a_second_drop_finishes(
    bench: Bench, calc: Path, agent: Callable[..., Any], place: str
) -> None:
    """Whatever is left is found again, and nothing is salvaged twice."""
    done = bench.task(calc, "--no-gate", "--deliver", "patch")
    head = git(calc, "rev-parse", done.branch).strip()
    first = agent("drop", done.id, cwd=calc, env={"GITAGENT_FAILPOINT": place})
    assert first.code == -signal.SIGKILL
    again = bench.run("drop", done.id, cwd=calc)
    assert again.code == (2 if place == "ref removed#2" else 0), again.err
    bench.run("gc", cwd=calc)
    assert left_of(calc, done.id) == []
    assert set(refs(calc)) == {"refs/heads/main", SALVAGED + done.id}
    assert git(calc, "rev-parse", f"{SALVAGED}{done.id}^{{commit}}").strip() == head


def test_a_forged_state_cannot_remove_a_users_branch(bench: Bench, calc: Path) -> None:
    """A state ref that was fetched may name any branch: only the agent's own are ever removed."""
    done = bench.task(calc, "--no-gate")
    git(calc, "branch", "precious", done.branch)
    forge(done, branch="precious")
    assert "precious" in kept(bench, done)


def test_a_forged_state_cannot_remove_another_tasks_branch(bench: Bench, calc: Path) -> None:
    """Below `agent/`, too, a branch must say itself that it is the task's."""
    done, other = bench.task(calc, "--no-gate"), bench.task(calc, "--no-gate")
    forge(done, branch=other.branch)
    ran = bench.run("drop", done.id, cwd=calc)
    assert ran.code == 0
    assert f"{other.branch} is not the task's and stays" in ran.err
    assert f"refs/heads/{other.branch}" in refs(calc)


def forge(done: Done, **changes: str) -> None:
    """Put a state with other words in its task.json where the task's state was."""
    task = json.loads(done.state("task.json"))
    place = done.folder / "task.json"
    place.write_text(json.dumps({**task, **changes}))
    blob = git(done.folder, "hash-object", "-w", "task.json").strip()
    place.unlink()
    name = f"refs/gitagent/{done.id}"
    entries = git(done.folder, "ls-tree", name).splitlines()
    changed = [
        f"100644 blob {blob}\ttask.json" if line.endswith("\ttask.json") else line
        for line in entries
    ]
    tree = _make_tree(done.folder, changed)
    message = git(done.folder, "log", "-1", "--format=%B", name)
    forged = git(done.folder, "commit-tree", tree, "-m", message).strip()
    git(done.folder, "update-ref", name, forged)


def _make_tree(folder: Path, lines: list[str]) -> str:
    import subprocess

    text = "".join(f"{line}\n" for line in lines).encode()
    made = subprocess.run(["git", "mktree"], cwd=folder, input=text, capture_output=True)
    return made.stdout.decode().strip()
