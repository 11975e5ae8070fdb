"""Wherever a task is started, the user's side of the repository stays as it was."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bench import CALC, FILES, FIX, GREEN, TEXT, Bench, refs

import gitagent
from gitagent.testing.repositories import commit, git
from gitagent.testing.scripted import Say
from gitagent.testing.snapshot import snapshot


def dirty(folder: Path) -> Path:
    (folder / "calc.py").write_text("half finished")
    (folder / "README.md").write_text("staged\n")
    git(folder, "add", "README.md")
    (folder / "untracked.txt").write_text("mine\n")
    return folder


def detached(folder: Path) -> Path:
    git(folder, "checkout", "--quiet", "--detach")
    return folder


def bare(folder: Path) -> Path:
    place = folder.with_name("bare.git")
    git(folder, "clone", "--quiet", "--bare", str(folder), str(place))
    return place


def linked(folder: Path) -> Path:
    place = folder.with_name("linked")
    git(folder, "worktree", "add", "--quiet", "-b", "side", str(place))
    (place / "calc.py").write_text("half finished")
    return place


def packed(folder: Path) -> Path:
    git(folder, "pack-refs", "--all")
    return folder


def shallow(folder: Path) -> Path:
    commit(folder, {"later.txt": "x\n"}, "Later")
    place = folder.with_name("shallow")
    git(folder, "clone", "--quiet", "--depth", "1", f"file://{folder}", str(place))
    return place


@pytest.mark.parametrize("place", [dirty, detached, bare, linked, packed, shallow])
def test_a_task_leaves_every_kind_of_checkout_as_it_was(
    bench: Bench, calc: Path, place: Callable[[Path], Path]
) -> None:
    """HEAD, index, files, configuration, hooks and foreign refs are byte for byte the same."""
    folder = place(calc)
    before = snapshot(folder)
    done = bench.task(folder, "--gate", GREEN)
    assert done.code == 0, done.err
    assert "return a + b" in git(folder, "show", f"{done.branch}:calc.py")
    assert "half finished" not in str([call.json for call in done.server.calls])
    assert before.diff(snapshot(folder)) == []


def test_a_task_starts_from_a_subfolder(bench: Bench, repo: Callable[..., Path]) -> None:
    """Paths are the repository's, wherever in it the command was called."""
    folder = repo({**FILES, "docs/guide.md": "Guide\n"})
    before = snapshot(folder)
    done = bench.task(folder / "docs", "--gate", GREEN, git_dir=folder)
    assert done.code == 0, done.err
    assert git(folder, "diff", "--name-only", "main", done.branch) == "calc.py\n"
    assert before.diff(snapshot(folder)) == []


def test_a_task_inside_a_hook_works_on_the_hooks_repository(
    server: Callable[..., Any], calc: Path
) -> None:
    """GIT_DIR, GIT_INDEX_FILE and the like, as git sets them for a hook, lead nothing astray."""
    running = server([Say(FIX)])
    env = {**running.environment, "HOME": os.environ["HOME"]}
    env |= {"PYTHONPATH": str(Path(gitagent.__file__).parent.parent)}
    env |= {"GIT_CONFIG_GLOBAL": os.environ["GIT_CONFIG_GLOBAL"]}
    said = calc.with_name("said")
    hook = calc / ".git" / "hooks" / "post-commit"
    hook.parent.mkdir(exist_ok=True)
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in env.items())
    command = f"{sys.executable} -m gitagent task {shlex.quote(TEXT)} --gate {shlex.quote(GREEN)}"
    hook.write_text(f"#!/bin/sh\n{exports}{command} >{said} 2>&1; echo $? >>{said}\n")
    hook.chmod(0o755)
    git(calc, "commit", "--quiet", "--allow-empty", "--message", "wake the hook")
    assert said.read_text().endswith("\n0\n"), said.read_text()
    assert len(refs(calc, "refs/heads/agent/")) == 1
    assert git(calc, "log", "-1", "--format=%s", "main") == "wake the hook\n"
    assert git(calc, "status", "--porcelain") == ""


def test_a_name_that_is_no_utf8_does_not_stop_a_task(
    bench: Bench, repo: Callable[..., Path]
) -> None:
    """Such a file keeps its name and blob, and is not spoken of to the model."""
    odd = os.fsdecode(b"caf\xe9.txt")
    folder = repo({**FILES, odd: "caf\u00e9 add calc\n"})
    tree = git(folder, "ls-tree", "-z", "main", "--", odd)
    done = bench.task(folder, "--gate", GREEN)
    assert done.code == 0, done.err
    assert git(folder, "ls-tree", "-z", done.branch, "--", odd) == tree
    assert "caf" not in str(done.server.calls[0].json)


def test_local_branches_named_agent_do_not_stop_a_task_silently(bench: Bench, calc: Path) -> None:
    """A branch called `agent` leaves no room for agent/…: that is said, as a conflict."""
    git(calc, "branch", "agent")
    done = bench.task(calc, "--no-gate")
    assert done.code == 8, done.err
    assert done.server.calls == ()
    assert "agent" in done.err
    assert "Traceback" not in done.err


def test_two_tasks_with_one_text_get_two_branches(bench: Bench, calc: Path) -> None:
    """The id keeps names apart."""
    first, second = bench.task(calc, "--no-gate"), bench.task(calc, "--no-gate")
    assert first.branch != second.branch
    assert (first.code, second.code) == (0, 0)
    assert (calc / "calc.py").read_text() == CALC
