"""A task that stopped goes on anywhere: on another machine, in another kind of clone, by another
model. What its log says of the gate is found out again; what was answered is not asked again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bench import CALC, FILES, GREEN, Bench, Done, block, line_of, plan_of, refs

from gitagent.domain.event import Kind
from gitagent.domain.run import Process, Run
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.processes import this_process
from gitagent.testing.repositories import commit, git
from gitagent.testing.scripted import Item, Say, ScriptedServer, Status
from gitagent.testing.snapshot import snapshot

Serve = Callable[[list[Item]], ScriptedServer]
Run_ = Callable[..., Any]

PLAN = plan_of("Add in add", "Turn sub")
SECOND = block("calc.py", "def sub(a, b):\n    return a - b", "def sub(a, b):\n    return b - a")
WAYS = ("--plan", "always", "--gate", GREEN)
FIRST_STEP: list[str | Item] = [PLAN, line_of("*"), line_of("+"), Status(401)]
"""A plan, a try that fails, one that passes: the first step. Then nobody answers."""
BOTH = "refs/gitagent/*:refs/gitagent/*", "refs/heads/agent/*:refs/heads/agent/*"


@pytest.fixture
def want(repo: Callable[..., Path]) -> str:
    """The tree that both steps make of the files, whoever takes them."""
    added = CALC.replace("return a - b", "return a + b", 1)
    done = repo({**FILES, "calc.py": added.replace("return a - b", "return b - a")}, name="done")
    return git(done, "rev-parse", "HEAD^{tree}").strip()


@pytest.fixture
def stopped(bench: Bench, calc: Path) -> Done:
    """A task behind its first step of two, pushed to a bare repository beside it."""
    done = bench.task(calc, *WAYS, says=FIRST_STEP)
    assert done.code == 6, done.err
    origin = calc.with_name("origin.git")
    git(calc, "init", "--quiet", "--bare", "--initial-branch=main", str(origin))
    git(calc, "push", "--quiet", str(origin), "main", "refs/gitagent/*", "refs/heads/agent/*")
    return done


def tree_of(folder: Path) -> str:
    (branch,) = refs(folder, "refs/heads/agent/")
    return git(folder, "rev-parse", f"{branch}^{{tree}}").strip()


def clone(stopped: Done, *how: str, name: str, fetched: tuple[str, ...]) -> Path:
    """Another machine's repository: a clone with what the two families hold."""
    origin, place = stopped.folder.with_name("origin.git"), stopped.folder.with_name(name)
    git(origin, "clone", "--quiet", *how, f"file://{origin}", str(place))
    git(place, "fetch", "--quiet", "origin", *fetched)
    return place


def other(home: Path) -> Mapping[str, str]:
    """Another person's home, with nothing of the first one's in it."""
    place = home / "elsewhere"
    place.mkdir()
    config = place / ".gitconfig"
    config.write_text("[user]\n\tname = Bo\n\temail = bo@example.invalid\n")
    xdg = {f"XDG_{kind}_HOME": str(place / kind) for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
    return {"HOME": str(place), "GIT_CONFIG_GLOBAL": str(config), **xdg}


def plain(folder: Path) -> Path:
    return folder


def moved_on(folder: Path) -> Path:
    commit(folder, {"calc.py": "gone\n", "new.txt": "x\n"}, "Main goes on")
    return folder


def linked(folder: Path) -> Path:
    place = folder.with_name("linked-side")
    git(folder, "worktree", "add", "--quiet", "-b", "side", str(place))
    return place


def detached(folder: Path) -> Path:
    git(folder, "checkout", "--quiet", "--detach")
    return folder


KINDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], Callable[[Path], Path]]] = {
    "clone": ((), BOTH, plain),
    "branch not fetched": ((), BOTH[:1], plain),
    "main moved on": ((), BOTH, moved_on),
    "linked": ((), BOTH, linked),
    "detached": ((), BOTH, detached),
    "bare": (("--bare",), BOTH, plain),
    "shallow": (("--depth", "1"), BOTH, plain),
}


def test_on_another_machine_the_tree_is_the_same(
    server: Serve, agent_inline: Run_, home: Path, want: str, stopped: Done
) -> None:
    """By another person, in any kind of clone: the same tree, one further call, nothing else."""
    running, person = server([Say(SECOND)] * len(KINDS)), other(home)
    for n, (name, (how, fetched, place)) in enumerate(KINDS.items(), 1):
        folder = place(clone(stopped, *how, name=name.replace(" ", "-"), fetched=fetched))
        before = snapshot(folder)
        ran = agent_inline("resume", *WAYS, cwd=folder, env={**person, **running.environment})
        assert ran.code == 0, (name, ran.err)
        assert (name, tree_of(folder), len(running.calls)) == (name, want, n)
        assert (name, before.diff(snapshot(folder))) == (name, [])
        assert "its log was not written here" in ran.err
        assert "1 of 2 steps, 3 answered calls" in ran.err
        said = git(folder, "log", "--format=%an/%cn", "-2", *refs(folder, "refs/heads/agent/"))
        assert said.split("\n")[:2] == ["gitagent/Bo", "gitagent/Uma User"]


def test_after_a_restart_of_the_machine(
    server: Serve, agent_inline: Run_, want: str, stopped: Done
) -> None:
    """A run of this very machine before it was started anew is dead, whatever its number says."""
    log = TaskLog.load(GitRepo.open(stopped.folder), stopped.id)
    here = this_process()
    log.begin(Run(log.state.epoch + 1, replace(here, machine="before"), "2026"))
    running = server([Say(SECOND)])
    ran = agent_inline("resume", *WAYS, cwd=stopped.folder, env=running.environment)
    assert ran.code == 0, ran.err
    assert "taken over" not in ran.err
    assert (tree_of(stopped.folder), len(running.calls)) == (want, 1)


def test_a_run_on_another_machine_is_taken_over_and_said(
    server: Serve, agent_inline: Run_, want: str, stopped: Done
) -> None:
    """Nobody can look at it; the epoch keeps it from writing, and the user is told."""
    log = TaskLog.load(GitRepo.open(stopped.folder), stopped.id)
    far = Process("far", "its-boot", "pid:[1]", 7, "99")
    log.begin(Run(log.state.epoch + 1, far, "2026-01-01T00:00:00"))
    running = server([Say(SECOND)])
    ran = agent_inline("resume", *WAYS, cwd=stopped.folder, env=running.environment)
    assert ran.code == 0, ran.err
    assert "taken over from process 7 on far" in ran.err
    assert tree_of(stopped.folder) == want


def test_with_another_model(server: Serve, agent_inline: Run_, want: str, stopped: Done) -> None:
    """The answers of the first one stand; the trailers name who wrote which step."""
    running = server([Say(SECOND)])
    env = running.environment
    ran = agent_inline("resume", "--model", "openai/second", *WAYS, cwd=stopped.folder, env=env)
    assert ran.code == 0, ran.err
    assert (tree_of(stopped.folder), len(running.calls)) == (want, 1)
    (branch,) = refs(stopped.folder, "refs/heads/agent/")
    by = git(stopped.folder, "log", "-2", "--format=%(trailers:key=Agent-Model,valueonly)", branch)
    assert by.split() == ["openai/second", "openai/scripted"]


def test_without_the_gate_of_the_first_run(
    server: Serve, agent_inline: Run_, bench: Bench, repo: Callable[..., Path]
) -> None:
    """What another gate said counts for nothing: the base and every try are checked by this one."""
    configured = {**FILES, "gitagent.toml": f'[gate]\ncommands = ["{GREEN}"]\n'}
    done = bench.task(repo(configured), "--gate", "true", says=[line_of("*")])
    folder, branch = done.folder, done.branch
    assert done.code == 0, done.err
    # as a run leaves it that died behind its verdict
    git(folder, "branch", "-D", branch)
    log = TaskLog.load(GitRepo.open(folder), done.id)
    log.record(Kind.JUDGED, checkpoints=(), ending=None, delivery={})
    running = server([Say(line_of("+"))])
    ran = agent_inline("resume", cwd=folder, env=running.environment)
    assert ran.code == 0, ran.err
    assert f"base: `{GREEN}` fails" in ran.err
    assert "gate    fail" in ran.err
    assert "return a + b" in git(folder, "show", f"{branch}:calc.py")


@pytest.mark.parametrize("when", ["9999-12-31T23:59:59", "0001-01-01", "1e9", ""])
def test_clocks_decide_nothing(
    server: Serve, agent_inline: Run_, want: str, stopped: Done, when: str
) -> None:
    """Who has a task, what is known of it and what comes next are told by epochs and events."""
    log = TaskLog.load(GitRepo.open(stopped.folder), stopped.id)
    far = Run(log.state.epoch + 1, Process("far", "boot", "pid:[1]", 7, "99"), when)
    log.begin(far, task=replace(log.state.task, created=when))
    running = server([Say(SECOND)])
    ran = agent_inline("resume", *WAYS, cwd=stopped.folder, env=running.environment)
    assert ran.code == 0, ran.err
    assert (tree_of(stopped.folder), len(running.calls)) == (want, 1)
    for command in ("list", "show", "log"):
        ran = agent_inline(
            command, *([] if command == "list" else [stopped.id]), cwd=stopped.folder
        )
        assert ran.code == 0, ran.err
