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
from gitagent.errors import Internal
from gitagent.testing.repositories import build, commit, git
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


def sparse(folder: Path) -> Path:
    commit(folder, {"docs/guide.md": "Guide\n"}, "Docs")
    git(folder, "sparse-checkout", "set", "docs")
    return folder


def merging(folder: Path) -> Path:
    git(folder, "checkout", "--quiet", "-b", "side")
    commit(folder, {"README.md": "theirs\n"}, "Theirs")
    git(folder, "checkout", "--quiet", "main")
    commit(folder, {"README.md": "ours\n"}, "Ours")
    with pytest.raises(Internal):
        git(folder, "merge", "side")
    return folder


def rebasing(folder: Path) -> Path:
    merging(folder)
    git(folder, "merge", "--abort")
    with pytest.raises(Internal):
        git(folder, "rebase", "side")
    return folder


def configured_apart(folder: Path) -> Path:
    git(folder, "config", "extensions.worktreeConfig", "true")
    git(folder, "config", "--worktree", "core.fsmonitor", "/bin/false")
    return linked(folder)


def borrowing(folder: Path) -> Path:
    place = folder.with_name("borrowing")
    git(folder, "clone", "--quiet", "--shared", str(folder), str(place))
    return place


def with_submodule(folder: Path) -> Path:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4' * 64}\nsize 99\n"
    lfs = {"big.bin": pointer, ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n"}
    commit(folder, {".gitmodules": '[submodule "lib"]\n\tpath = lib\n\turl = ../lib\n', **lfs}, "L")
    head = git(folder, "rev-parse", "HEAD").strip()
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{head},lib")
    git(folder, "commit", "--quiet", "-m", "Submodule")
    return folder


PLACES = [dirty, detached, bare, linked, packed, shallow, sparse, merging, rebasing]
PLACES += [configured_apart, borrowing, with_submodule]


@pytest.mark.parametrize("place", PLACES)
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
    changed = git(folder, "diff-tree", "-r", "--name-only", f"{done.branch}~1", done.branch)
    assert changed == "calc.py\n"


def unborn(folder: Path) -> Path:
    return build(folder.with_name("unborn"), {})


def partial(folder: Path) -> Path:
    git(folder, "config", "uploadpack.allowFilter", "true")
    place = folder.with_name("partial.git")
    how = ("--bare", "--no-local", "--filter=blob:none")
    git(folder, "clone", "--quiet", *how, f"file://{folder}", str(place))
    return place


def without(folder: Path, what: str) -> Path:
    """A repository of which one object is gone."""
    name = git(folder, "rev-parse", what).strip()
    (folder / ".git" / "objects" / name[:2] / name[2:]).unlink()
    return folder


def sparse_index(folder: Path) -> Path:
    commit(folder, {"docs/guide.md": "Guide\n", "big/file": "x"}, "Docs")
    git(folder, "sparse-checkout", "set", "--cone", "--sparse-index", "docs")
    return folder


def reftable(folder: Path) -> Path:
    git(folder, "config", "core.repositoryFormatVersion", "1")
    git(folder, "config", "extensions.refStorage", "reftable")
    return folder


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (unborn, "Commit something first"),
        (partial, "git fetch --refetch --no-filter"),
        (lambda folder: without(folder, "HEAD:README.md"), "git fsck"),
        (lambda folder: without(folder, "HEAD^{tree}"), "git fsck"),
        (sparse_index, "--no-sparse-index"),
        (reftable, "refs in files"),
    ],
    ids=["unborn", "partial", "no blob", "no tree", "sparse index", "reftable"],
)
def test_what_cannot_be_worked_on_is_refused_before_anything_is_spent(
    bench: Bench,
    calc: Path,
    server: Callable[..., Any],
    place: Callable[[Path], Path],
    said: str,
) -> None:
    """Exit 2, one sentence with the way out, no call and no ref."""
    folder = place(calc)
    before = snapshot(folder)
    running = server([Say(FIX)])
    ran = bench.run("task", TEXT, "--gate", GREEN, cwd=folder, env=running.environment)
    assert ran.code == 2, ran.err
    assert said in ran.err
    assert running.calls == ()
    assert before.diff(snapshot(folder)) == []
    assert not list((folder / ".git" / "refs" / "gitagent").glob("*"))


def test_a_partial_clone_can_be_completed_as_it_is_said(bench: Bench, calc: Path) -> None:
    """The way out that the refusal names is one."""
    folder = partial(calc)
    git(folder, "fetch", "--quiet", "--refetch", "--no-filter")
    done = bench.task(folder, "--gate", GREEN)
    assert done.code == 0, done.err


def test_the_repository_is_the_one_that_git_dir_names(bench: Bench, calc: Path) -> None:
    """As for git itself, wherever the command is called; also inside another repository."""
    other = build(calc.with_name("other"), {"x": "1"})
    before = snapshot(other)
    env = {"GIT_DIR": str(calc / ".git"), "GIT_WORK_TREE": str(calc)}
    done = bench.task(other, "--gate", GREEN, env=env, git_dir=calc)
    assert done.code == 0, done.err
    assert "return a + b" in git(calc, "show", f"{done.branch}:calc.py")
    assert before.diff(snapshot(other)) == []


def test_a_push_that_is_not_accepted_yet_begins_nothing(
    bench: Bench, calc: Path, server: Callable[..., Any]
) -> None:
    """In a pre-receive hook what is new lies in quarantine, and may be thrown away."""
    aside = calc.with_name("quarantine")
    aside.mkdir()
    env = {"GIT_QUARANTINE_PATH": str(aside), "GIT_OBJECT_DIRECTORY": str(aside)}
    env["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = str(calc / ".git" / "objects")
    running = server([Say(FIX)])
    env |= running.environment
    ran = bench.run("task", TEXT, "--gate", GREEN, cwd=calc, env=env)
    assert ran.code == 2, ran.err
    assert "post-receive" in ran.err
    assert running.calls == ()


def test_what_is_too_large_to_be_read_is_said(bench: Bench, repo: Callable[..., Path]) -> None:
    """A large file and a submodule are named; a line of a megabyte is no trouble."""
    large, line = "add calc\n" * 500_000, "add calc " * 120_000
    folder = with_submodule(repo({**FILES, "large.txt": large, "line.txt": line}))
    tree = git(folder, "ls-tree", "-r", "main").replace("calc.py", "")
    done = bench.task(folder, "--gate", GREEN)
    assert done.code == 0, done.err
    assert "not read: large.txt (4 MB), lib (a submodule)" in done.err
    assert len(str(done.server.calls[0].json)) < 1_000_000
    after = git(folder, "ls-tree", "-r", done.branch)
    same = [entry for entry in after.splitlines() if "calc.py" not in entry]
    assert set(same) < set(tree.splitlines())


def test_bytes_of_neighbours_are_those_of_before(bench: Bench, repo: Callable[..., Path]) -> None:
    """Names of any bytes, names that other systems take for one, and lines that end anyhow."""
    names = [b"caf\xe9/\xff.txt", "e\u0301.txt".encode(), "\u00e9.txt".encode(), b"A.txt", b"a.txt"]
    files = {os.fsdecode(name): b"add \xff calc\r\nb\nc\rd" for name in names}
    crlf = CALC.replace("\n", "\r\n")
    folder = repo({**FILES, **files, "calc.py": crlf, "mixed.py": "a\r\nb\n", "empty": ""})
    before = git(folder, "ls-tree", "-r", "-z", "main").split("\0")
    done = bench.task(folder, "--gate", GREEN)
    assert done.code == 0, done.err
    after = git(folder, "ls-tree", "-r", "-z", done.branch).split("\0")
    assert [entry for entry in after if entry not in before] == [
        entry for entry in after if entry.endswith("\tcalc.py")
    ]
    assert len(after) == len(before)
    numbers = git(folder, "diff", "--numstat", "main", done.branch)
    assert numbers == "1\t1\tcalc.py\n"


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
