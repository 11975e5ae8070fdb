"""`git agent gc`: what is over goes, what is in use stays, and nobody's work is thrown away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bench import Bench, refs

from gitagent import caches, gc, scratch
from gitagent.domain.event import Kind
from gitagent.domain.run import Run
from gitagent.errors import Ending
from gitagent.git import salvage
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.processes import this_process
from gitagent.site import cache_folder
from gitagent.testing import long_task
from gitagent.testing.repositories import git
from gitagent.testing.snapshot import snapshot

AGES = gc.Ages(ended=30, open=None, salvaged=90, logs=30)
NOW = datetime.now(UTC)
SALVAGED = "refs/gitagent/salvaged/"

Make = Callable[..., Path]


def made(folder: Path, task_id: str, ending: Ending | None, run: Run | None = None) -> TaskLog:
    """A task whose last event is now; `run` None is one of a process that is dead."""
    repo = GitRepo.open(folder)
    dead = Run(1, replace(this_process(), started="0"), long_task.AT)
    log = TaskLog.create(repo, replace(long_task.new(repo, task_id), runs=(run or dead,)))
    if ending:
        log.record(Kind.ENDED, ending, ending=ending)
    return log


def due(folder: Path, days: float, ages: gc.Ages = AGES) -> set[str]:
    """The tasks that are due so many days from now."""
    plan = gc.plan(GitRepo.open(folder), ages, NOW + timedelta(days=days))
    return {each.id for each in plan.tasks}


@pytest.mark.parametrize("ending", [e for e in Ending if e is not Ending.INTERRUPTED])
def test_a_task_that_ended_is_due_after_its_days(repo: Make, ending: Ending) -> None:
    """Whatever the ending; counted from the last event in its own log."""
    folder = repo({"a": "1"})
    made(folder, "abc123", ending)
    assert due(folder, 29.9) == set()
    assert due(folder, 30.1) == {"abc123"}


def test_a_clock_that_goes_backwards_makes_nothing_due(repo: Make) -> None:
    """Not even where no day is to be waited for."""
    folder = repo({"a": "1"})
    made(folder, "abc123", Ending.DONE)
    at_once = replace(AGES, ended=0)
    assert due(folder, -400, at_once) == set()
    assert due(folder, 1, at_once) == {"abc123"}


@pytest.mark.parametrize("ending", [None, Ending.INTERRUPTED])
def test_what_can_be_resumed_goes_only_where_the_user_said_so(
    repo: Make, ending: Ending | None
) -> None:
    """An open task may be a month old and still wanted."""
    folder = repo({"a": "1"})
    made(folder, "abc123", ending)
    assert due(folder, 10_000) == set()
    expiring = replace(AGES, open=7)
    assert due(folder, 6.9, expiring) == set()
    assert due(folder, 7.1, expiring) == {"abc123"}


def test_what_is_salvaged_goes_after_its_own_days(repo: Make) -> None:
    """Counted from when it was salvaged, and never where nobody knows when that was."""
    folder = repo({"a": "1"})
    opened = GitRepo.open(folder)
    head = opened.resolve("HEAD")
    lost = opened.commit(opened.tree_of(head), [head], "Lost\n")
    (kept,) = salvage.salvage(opened, "abc123", [lost], "why", salvage.lasting(opened))
    git(folder, "update-ref", SALVAGED + "bare", lost)

    def old(days: float, ages: gc.Ages = AGES) -> list[str]:
        plan = gc.plan(GitRepo.open(folder), ages, NOW + timedelta(days=days))
        return [each.ref for each in plan.salvaged]

    assert old(89.9) == []
    assert old(90.1) == [kept.ref]
    assert old(10_000, replace(AGES, salvaged=None)) == []


def test_a_branch_that_is_not_merged_is_salvaged(bench: Bench, calc: Path) -> None:
    """The user's side is untouched, and the command that brings the branch back is said."""
    before = snapshot(calc)
    done = bench.task(calc, "--no-gate")
    head = git(calc, "rev-parse", done.branch).strip()
    ran = bench.run("gc", "--keep-days", "0", cwd=calc)
    assert ran.code == 0, ran.err
    assert f"dropped {done.id}: done, last touched 0 days ago" in ran.out
    assert f"git branch rescued {SALVAGED}{done.id}" in ran.out
    assert set(refs(calc)) == {"refs/heads/main", SALVAGED + done.id}
    assert git(calc, "rev-parse", f"{SALVAGED}{done.id}^{{commit}}").strip() == head
    assert before.diff(snapshot(calc)) == []


def test_a_dry_run_shows_it_and_changes_nothing(bench: Bench, calc: Path) -> None:
    """Refs, caches and objects are as they were."""
    done = bench.task(calc, "--no-gate")
    left = abandoned(cache_folder() / "gate", "gate-")
    before = refs(calc), git(calc, "count-objects")
    ran = bench.run("gc", "--keep-days", "0", "--dry-run", cwd=calc)
    assert f"would drop {done.id}" in ran.out
    assert f"would remove {left}" in ran.out
    assert (refs(calc), git(calc, "count-objects")) == before
    assert left.exists()


def test_one_document_for_scripts(bench: Bench, calc: Path) -> None:
    """What went, what stayed and why, and the disk use before and after."""
    done = bench.task(calc, "--no-gate")
    other = bench.task(calc, "--no-gate")
    git(calc, "checkout", "--quiet", other.branch)
    document = bench.run("gc", "--keep-days", "0", "--json", cwd=calc).json()
    (dropped,) = document["dropped"]
    assert (dropped["id"], dropped["ending"], dropped["days"]) == (done.id, "done", 0)
    assert [each["ref"] for each in dropped["salvaged"]] == [SALVAGED + done.id]
    (kept,) = document["kept"]
    assert kept["id"] == other.id
    assert "is checked out at" in kept["reason"]
    assert (document["before"]["tasks"], document["after"]["tasks"]) == (2, 1)
    assert document["before"]["objects"] > document["after"]["objects"] > 0


def test_a_task_in_the_hands_of_a_living_process_stays(repo: Make) -> None:
    """At work or stopped: it is said who has it, and the others go."""
    folder = repo({"a": "1"})
    argv = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(argv) as working, subprocess.Popen(argv) as stopped:
        try:
            stopped.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, stopped.pid, os.WSTOPPED | os.WNOWAIT)
            made(folder, "aaa111", None, _run_of(working))
            made(folder, "bbb222", None, _run_of(stopped))
            made(folder, "ccc333", None)
            opened = GitRepo.open(folder)
            plan = gc.plan(opened, replace(AGES, open=1), NOW + timedelta(days=2))
            assert len(plan.tasks) == 3
            done = gc.collect(opened, plan, cache_folder(), NOW)
        finally:
            working.kill()
            stopped.kill()
    assert [due.id for due, _ in done.dropped] == ["ccc333"]
    reasons = {each.id: each.reason for each in done.kept}
    assert f"process {working.pid}" in reasons["aaa111"]
    assert f"process {stopped.pid}" in reasons["bbb222"]
    assert set(refs(folder, "refs/gitagent/")) == {"refs/gitagent/aaa111", "refs/gitagent/bbb222"}


def _run_of(process: subprocess.Popen[bytes]) -> Run:
    started = _started(process.pid)
    return Run(1, replace(this_process(), pid=process.pid, started=started), long_task.AT)


def _started(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[19]


def test_one_that_cannot_be_read_does_not_keep_the_others(bench: Bench, repo: Make) -> None:
    """A forged or broken ref is named, with the way to be rid of it, and left alone."""
    folder = repo({"a": "1"})
    made(folder, "abc123", Ending.DONE)
    git(folder, "update-ref", "refs/gitagent/zzzzzz", "main")
    ran = bench.run("gc", "--keep-days", "0", cwd=folder)
    assert ran.code == 0, ran.err
    assert "dropped abc123" in ran.out
    assert "kept zzzzzz: unreadable. If it is of no use: `git update-ref -d" in ran.out
    assert set(refs(folder)) == {"refs/heads/main", "refs/gitagent/zzzzzz"}


@pytest.mark.parametrize("key", ["keep_days", "expire_days", "salvaged_days"])
def test_a_repository_cannot_say_when_tasks_go(bench: Bench, repo: Make, key: str) -> None:
    """What destroys is taken from the user's side only."""
    folder = repo({"a": "1", "gitagent.toml": f"[tasks]\n{key} = 0\n"})
    made(folder, "abc123", Ending.DONE)
    git(folder, "config", f"agent.tasks.{key.replace('_', '-')}", "0")
    ran = bench.run("gc", cwd=folder)
    assert f"`tasks.{key}` is taken from your own side only" in ran.err
    assert "refs/gitagent/abc123" in refs(folder)


def test_the_users_own_days_hold(bench: Bench, repo: Make, home: Path) -> None:
    """The configuration of the user's side; a flag goes before it."""
    folder = repo({"a": "1"})
    made(folder, "abc123", Ending.DONE)
    place = home / ".config" / "gitagent"
    place.mkdir(parents=True)
    (place / "gitagent.toml").write_text("[tasks]\nkeep_days = 0\n")
    bench.run("gc", "--keep-days", "1", cwd=folder)
    assert "refs/gitagent/abc123" in refs(folder)
    bench.run("gc", cwd=folder)
    assert set(refs(folder)) == {"refs/heads/main"}


def abandoned(parent: Path, prefix: str) -> Path:
    """A private folder of a process that was killed in it."""
    code = (
        "import os, sys; from pathlib import Path; from gitagent.scratch import private_folder\n"
        f"with private_folder(Path({str(parent)!r}), {prefix!r}) as folder:\n"
        "    (folder / 'tree').mkdir(); (folder / 'tree' / 'a').write_bytes(bytes(5000))\n"
        "    print(folder, flush=True); os.kill(os.getpid(), 9)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    return Path(ran.stdout.strip())


@pytest.fixture
def leavings() -> Iterator[tuple[list[Path], Path]]:
    """Folders of dead processes, and one that is in use."""
    cache = cache_folder()
    dead = [abandoned(cache / place, prefix) for place, prefix in caches.PRIVATE]
    with scratch.private_folder(cache / "gate", "gate-") as used:
        (used / "tree").write_text("x")
        yield dead, used


def test_folders_of_dead_processes_go(
    bench: Bench, calc: Path, leavings: tuple[list[Path], Path]
) -> None:
    """One in use stays, and so does whatever else is in the cache."""
    dead, used = leavings
    other = cache_folder() / "gate" / "gate-of-somebody-else"
    other.mkdir()
    document = bench.run("gc", "--json", cwd=calc).json()
    assert sorted(document["folders"]) == sorted(map(str, dead))
    assert not any(folder.exists() for folder in dead)
    assert (used / "tree").exists()
    assert other.exists()
    assert document["before"]["caches"] - document["after"]["caches"] >= 5000 * len(dead)


def test_a_task_cleans_up_after_dead_ones(
    bench: Bench, calc: Path, leavings: tuple[list[Path], Path]
) -> None:
    """Nobody need call `gc` for the caches to stay small."""
    dead, used = leavings
    bench.task(calc, "--no-gate")
    assert not any(folder.exists() for folder in dead)
    assert (used / "tree").exists()


def test_what_dead_processes_left_in_the_git_folder_goes(bench: Bench, calc: Path) -> None:
    """Room that is held for no answer, locks and patch files of what is gone."""
    done = bench.task(calc, "--no-gate", "--deliver", "patch")
    ours = calc / ".git" / "gitagent"
    (ours / "room").mkdir(exist_ok=True)
    for task_id in (done.id, "gone00"):
        (ours / "room" / task_id).write_bytes(bytes(100))
    git(calc, "branch", "-D", done.branch)
    git(calc, "update-ref", "-d", f"refs/gitagent/{done.id}")
    bench.run("gc", cwd=calc)
    assert [file for file in ours.rglob("*") if not file.is_dir()] == []


def test_list_shows_what_each_task_takes(bench: Bench, repo: Make) -> None:
    """More events, more bytes; `list` without `--size` does not count."""
    folder = repo({"a": "1"})
    made(folder, "aaa111", Ending.DONE)
    big = made(folder, "bbb222", Ending.DONE)
    big.record(Kind.ANSWERED, notes={"exchange/0001.reply.json": os.urandom(20_000)})
    found = {d["id"]: d["bytes"] for d in bench.run("list", "--size", "--json", cwd=folder).json()}
    assert 0 < found["aaa111"] < 20_000 < found["bbb222"]
    assert "KB" in bench.run("list", "--size", cwd=folder).out
    assert all("bytes" not in line for line in bench.run("list", "--json", cwd=folder).json())


def test_doctor_says_what_there_is(bench: Bench, repo: Make) -> None:
    """How many tasks and refs, and how much is in the caches."""
    folder = repo({"a": "1"})
    made(folder, "abc123", Ending.DONE)
    abandoned(cache_folder() / "gate", "gate-")
    findings: list[dict[str, Any]] = json.loads(bench.run("doctor", "--json", cwd=folder).out)
    (tasks,) = (each for each in findings if each["subject"] == "tasks")
    assert tasks["text"] == "1, 1 refs, 5.0 KB in caches"
    assert "git agent gc" in tasks["hint"]
