"""The snapshot sees every change a user could see, and none of those that gitagent may make."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gitagent.errors import NotARepository
from gitagent.testing.repositories import Content, Entry, build, commit, git
from gitagent.testing.snapshot import snapshot

FILES: dict[str, Content] = {
    "a.py": "1\n",
    "run.sh": Entry("x", executable=True),
    "link": Entry(symlink_to="a.py"),
    ".gitignore": "*.log\n",
}


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """A repository with the things that people have: untracked, ignored, a branch, a hook."""
    repo = build(tmp_path / "user", FILES)
    git(repo, "branch", "topic")
    git(repo, "tag", "v1")
    (repo / "new.txt").write_text("untracked")
    (repo / "x.log").write_text("ignored")
    (repo / "empty").mkdir()
    for folder in ("hooks", "info"):
        (repo / ".git" / folder).mkdir(exist_ok=True)
    (repo / ".git" / "hooks" / "pre-push").write_text("#!/bin/sh\n")
    return repo


def replace(path: str, text: str) -> Callable[[Path], object]:
    return lambda repo: (repo / path).write_text(text)


def run(*args: str) -> Callable[[Path], object]:
    return lambda repo: git(repo, *args)


def relink(repo: Path) -> None:
    (repo / "link").unlink()
    (repo / "link").symlink_to("run.sh")


CHANGES: dict[str, Callable[[Path], object]] = {
    "file a.py": replace("a.py", "2\n"),
    "file new.txt": replace("new.txt", "other"),
    "file x.log": lambda repo: (repo / "x.log").unlink(),
    "file run.sh": lambda repo: (repo / "run.sh").chmod(0o644),
    "file link": relink,
    "file empty": lambda repo: (repo / "empty").rmdir(),
    "git index": run("update-index", "--assume-unchanged", "a.py"),
    "git config": run("config", "core.fsmonitor", "true"),
    "git hooks/pre-push": lambda repo: (repo / ".git/hooks/pre-push").chmod(0o755),
    "git info/exclude": replace(".git/info/exclude", "*\n"),
    "git index.lock": replace(".git/index.lock", ""),
    "git objects/info/alternates": replace(".git/objects/info/alternates", "/elsewhere\n"),
    "ref HEAD": run("symbolic-ref", "HEAD", "refs/heads/topic"),
    "ref refs/heads/topic": run("branch", "-D", "topic"),
    "ref refs/tags/v2": run("tag", "v2"),
    "ref refs/heads/agent": run("branch", "agent"),
    "git logs/refs/heads/topic": replace(".git/logs/refs/heads/topic", ""),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_seen_and_named(user: Path, name: str) -> None:
    """Each kind of state that belongs to the user is watched."""
    before = snapshot(user)
    CHANGES[name](user)
    after = snapshot(user)
    assert after != before
    assert any(f" {name}: " in line for line in before.diff(after))


def test_what_gitagent_may_do_is_not_a_change(user: Path) -> None:
    """Own branches, own state refs, their reflogs and new objects leave the snapshot as it was."""
    before = snapshot(user)
    (user / ".git" / "gitagent").mkdir()
    (user / ".git" / "gitagent" / "lock").write_text("held")
    git(user, "branch", "agent/fix-typo-1a2b")
    git(user, "update-ref", "--create-reflog", "refs/gitagent/1a2b", "HEAD")
    git(user, "hash-object", "-w", "a.py", "--no-filters")
    (user / "blob").write_text("new")
    git(user, "hash-object", "-w", "blob")
    (user / "blob").unlink()
    assert snapshot(user) == before
    assert before.diff(snapshot(user)) == []


def test_packing_refs_is_not_a_change_but_moving_a_packed_one_is(user: Path) -> None:
    """Refs count by what they resolve to, wherever git keeps them."""
    before = snapshot(user)
    git(user, "pack-refs", "--all")
    assert snapshot(user) == before
    head = git(user, "commit-tree", "HEAD^{tree}", "-m", "other").strip()
    git(user, "update-ref", "refs/heads/topic", head)
    (line,) = [x for x in before.diff(snapshot(user)) if " ref " in x]
    assert line.startswith("changed ref refs/heads/topic: ")
    assert line.endswith(head)


def test_a_linked_worktree_and_its_main_one_watch_each_other(user: Path, tmp_path: Path) -> None:
    """From either side, the files, HEAD and index of the other count too."""
    linked = tmp_path / "linked"
    git(user, "worktree", "add", "--quiet", str(linked), "topic")
    sides = {repo: snapshot(repo) for repo in (user, linked)}
    (linked / "a.py").write_text("changed in the linked one")
    git(linked, "add", "a.py")
    for repo, before in sides.items():
        lines = "\n".join(before.diff(snapshot(repo)))
        assert "file a.py" in lines
        assert "git worktrees/linked/index" in lines
    sides = {repo: snapshot(repo) for repo in (user, linked)}
    git(linked, "switch", "--quiet", "--detach")
    commit(user, {"b.py": "x"}, "On main")
    for repo, before in sides.items():
        lines = "\n".join(before.diff(snapshot(repo)))
        assert "git worktrees/linked/HEAD" in lines
        assert "changed ref refs/heads/main" in lines


def test_a_bare_repository_has_refs_and_configuration(user: Path, tmp_path: Path) -> None:
    """Where there is no working tree, the rest is watched."""
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(user), str(bare))
    before = snapshot(bare)
    assert not [name for name, _ in before.entries if name.startswith("file ")]
    git(bare, "tag", "v9")
    assert [line.split(":")[0] for line in before.diff(snapshot(bare))] == [
        "added ref refs/tags/v9"
    ]


def test_odd_names_and_kinds_do_not_stop_it(user: Path) -> None:
    """A pipe is not opened, a name outside UTF-8 can be printed."""
    before = snapshot(user)
    os.mkfifo(user / "pipe")
    (user / os.fsdecode(b"caf\xe9")).write_text("x")
    lines = before.diff(snapshot(user))
    assert [line.split(":")[0] for line in lines] == ["added file caf\\xe9", "added file pipe"]
    "\n".join(lines).encode()


def test_looking_changes_nothing(user: Path) -> None:
    """Two snapshots in a row are equal, even with a monitor that would leave a trace."""
    canary = user.parent / "canary"
    git(user, "config", "core.fsmonitor", f"touch '{canary}'")
    assert snapshot(user) == snapshot(user)
    assert not canary.exists()


def test_a_plain_folder_is_not_a_repository(tmp_path: Path) -> None:
    """There is nothing to promise for a folder without git."""
    with pytest.raises(NotARepository):
        snapshot(tmp_path)
