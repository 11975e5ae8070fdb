"""A branch moves forward under a checkout: all of it lands, or nothing changes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gitagent.errors import Conflict
from gitagent.git.checkout import advance
from gitagent.git.repository import GitRepo
from gitagent.testing.repositories import Content, Entry, commit, git
from gitagent.testing.snapshot import snapshot

Make = Callable[..., Path]
Changes = Mapping[str, Content | None]


def ahead(folder: Path, changes: Changes) -> str:
    """A commit on top of main that no ref and no file of the checkout shows."""
    git(folder, "checkout", "--quiet", "-b", "ahead")
    new = commit(folder, changes, "ahead")
    git(folder, "checkout", "--quiet", "main")
    git(folder, "branch", "--quiet", "-D", "ahead")
    return new


def move(folder: Path, new: str, old: str = "") -> None:
    repo = GitRepo.open(folder)
    advance(repo, "main", new, old or repo.resolve("main"), "gitagent: accept")


def refused(folder: Path, new: str, match: str, old: str = "") -> None:
    """The move is a Conflict, and not a byte of the repository has changed."""
    before = snapshot(folder)
    with pytest.raises(Conflict, match=match):
        move(folder, new, old)
    assert before.diff(snapshot(folder)) == []


def test_every_kind_of_change_lands_and_status_is_clean(repo: Make) -> None:
    """Changed, new, deleted, renamed, executable, links, a file for a folder and back."""
    folder = repo(
        {
            "changed": "1\n",
            "deleted": "1\n",
            "gone/deep": "1\n",
            "old name": "the same text\n" * 9,
            "plain": "1\n",
            "link": Entry(symlink_to="changed"),
            "folder/x": "1\n",
            "file": "1\n",
            "linked": Entry(symlink_to="folder"),
            "[ab]*": "1\n",
            "ab": "1\n",
        }
    )
    wanted: dict[str, Content | None] = {
        "changed": "2\n",
        "deleted": None,
        "gone/deep": None,
        "old name": None,
        "new näme": "the same text\n" * 9,
        "plain": Entry("1\n", executable=True),
        "link": Entry(symlink_to="plain"),
        "folder/x": None,
        "folder": "a file now\n",
        "file": None,
        "file/y": "a folder now\n",
        "linked": None,
        "linked/z": "a folder now\n",
        "[ab]*": "2\n",
        "new/run": Entry("#!/bin/sh\n", executable=True),
    }
    new = ahead(folder, wanted)
    (folder / "ab").write_text("mine\n")
    move(folder, new)
    assert git(folder, "rev-parse", "HEAD", "main").split() == [new, new]
    assert git(folder, "status", "--porcelain") == " M ab\n"
    assert (folder / "new" / "run").stat().st_mode & 0o777 == 0o755
    assert (folder / "plain").stat().st_mode & 0o777 == 0o755
    assert (folder / "link").readlink() == Path("plain")
    assert not (folder / "gone").exists()
    assert (folder / "linked" / "z").read_text() == "a folder now\n"
    assert "gitagent: accept" in git(folder, "log", "-g", "-1", "--format=%gs")


def test_local_changes_elsewhere_are_kept(repo: Make) -> None:
    """Modified, staged and new files that the move does not touch stay as they are."""
    folder = repo({"a": "1\n", "b": "1\n", "c": "1\n"})
    new = ahead(folder, {"a": "2\n"})
    (folder / "b").write_text("mine\n")
    (folder / "c").write_text("staged\n")
    git(folder, "add", "c")
    (folder / "new").write_text("mine\n")
    move(folder, new)
    assert git(folder, "status", "--porcelain") == " M b\nM  c\n?? new\n"
    assert (folder / "a").read_text() == "2\n"


def modified(folder: Path) -> None:
    (folder / "a").write_text("mine\n")


def staged(folder: Path) -> None:
    modified(folder)
    git(folder, "add", "a")


def staged_and_put_back(folder: Path) -> None:
    staged(folder)
    (folder / "a").write_text("1\n")


def deleted(folder: Path) -> None:
    (folder / "a").unlink()


def untracked(folder: Path) -> None:
    (folder / "new").mkdir()
    (folder / "new" / "file").write_text("mine\n")


def ignored(folder: Path) -> None:
    untracked(folder)
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "exclude").write_text("new\n")


def folder_in_the_way(folder: Path) -> None:
    (folder / "new" / "file").mkdir(parents=True)
    (folder / "new" / "file" / "mine").write_text("mine\n")


def file_in_the_way(folder: Path) -> None:
    (folder / "new").write_text("mine\n")


def link_in_the_way(folder: Path) -> None:
    (folder.parent / "outside").mkdir()
    (folder / "new").symlink_to(folder.parent / "outside")


def dangling_link(folder: Path) -> None:
    (folder / "new").symlink_to(folder.parent / "nowhere")


def folder_for_a_link(folder: Path) -> None:
    shutil.copytree(folder / "dir", folder.parent / "outside")
    shutil.rmtree(folder / "dir")
    (folder / "dir").symlink_to(folder.parent / "outside")


def untracked_in_a_folder_that_goes(folder: Path) -> None:
    (folder / "swap" / "mine").write_text("mine\n")


@pytest.mark.parametrize(
    "prepare",
    [
        modified,
        staged,
        staged_and_put_back,
        deleted,
        untracked,
        ignored,
        folder_in_the_way,
        file_in_the_way,
        link_in_the_way,
        dangling_link,
        folder_for_a_link,
        untracked_in_a_folder_that_goes,
    ],
)
def test_what_is_in_the_way_stops_all_of_it(repo: Make, prepare: Callable[[Path], None]) -> None:
    """Local work where a file must go: Conflict, no file, no index entry and no ref changed."""
    folder = repo({"a": "1\n", "dir/x": "1\n", "swap/x": "1\n", "z": "1\n"})
    changes: Changes = {
        "a": "2\n",
        "new/file": "2\n",
        "dir/x": "2\n",
        "swap/x": None,
        "swap": "2\n",
        "z": "2\n",
    }
    new = ahead(folder, changes)
    prepare(folder)
    refused(folder, new, "local changes in")
    outside = folder.parent / "outside"
    assert not outside.exists() or [p.read_text() for p in outside.iterdir()] in ([], ["1\n"])
    assert not (folder.parent / "nowhere").exists()


def test_line_ends_follow_the_configuration(repo: Make) -> None:
    """With autocrlf the files that land have CRLF, and git sees no change in them."""
    folder = repo({"a": "1\n"})
    git(folder, "config", "core.autocrlf", "true")
    (folder / "a").unlink()
    git(folder, "checkout", "--quiet", ".")
    new = ahead(folder, {"a": "1\n2\n", "b": "new\n"})
    move(folder, new)
    assert (folder / "a").read_bytes() == b"1\r\n2\r\n"
    assert (folder / "b").read_bytes() == b"new\r\n"
    assert git(folder, "status", "--porcelain") == ""


@pytest.mark.parametrize("rule", ["filter=upper", "working-tree-encoding=UTF-16LE"])
def test_files_that_go_through_a_filter_are_left_to_git(repo: Make, rule: str) -> None:
    """No program of the configuration is run; the hint names the command that would."""
    folder = repo({"a": "1\n"})
    new = ahead(folder, {"a": "2\n"})
    canary = folder.parent / "canary"
    git(folder, "config", "filter.upper.smudge", f"touch {canary}; cat")
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "attributes").write_text(f"a {rule}\n")
    refused(folder, new, "goes through a filter")
    assert not canary.exists()


def test_changed_attributes_are_left_to_git(repo: Make) -> None:
    """A commit that brings its own attributes could name a filter for the files beside it."""
    folder = repo({"a": "1\n"})
    refused(folder, ahead(folder, {".gitattributes": "* text\n", "a": "2\n"}), "how git writes")


def test_a_sparse_checkout_is_left_to_git(repo: Make) -> None:
    """Nothing is written outside of what the user wanted to see."""
    folder = repo({"a/x": "1\n", "b/y": "1\n"})
    new = ahead(folder, {"b/y": "2\n"})
    git(folder, "sparse-checkout", "set", "a")
    refused(folder, new, "sparse")


def test_a_name_that_is_not_utf8_is_left_to_git(repo: Make) -> None:
    """The library that writes files takes no such name."""
    folder = repo({"a": "1\n"})
    refused(folder, ahead(folder, {os.fsdecode(b"caf\xe9"): "2\n"}), "not UTF-8")


def test_no_move_under_a_merge(repo: Make) -> None:
    """A merge that is under way would be recorded on the wrong parent."""
    folder = repo({"a": "1\n"})
    new = ahead(folder, {"a": "2\n"})
    git(folder, "checkout", "--quiet", "-b", "other")
    commit(folder, {"b": "2\n"}, "two")
    git(folder, "checkout", "--quiet", "main")
    git(folder, "merge", "--no-commit", "--no-ff", "other")
    refused(folder, new, "under way")


def test_a_branch_that_moved_meanwhile_is_not_overwritten(repo: Make) -> None:
    """Compare-and-swap: files are written only while the branch stands where it was seen."""
    folder = repo({"a": "1\n"})
    old = git(folder, "rev-parse", "main").strip()
    new = ahead(folder, {"a": "2\n"})
    commit(folder, {"b": "3\n"}, "meanwhile")
    refused(folder, new, "moved by somebody else", old)


def test_a_locked_branch_writes_no_file(repo: Make) -> None:
    """Where the ref cannot be locked, no file is written either."""
    folder = repo({"a": "1\n"})
    new = ahead(folder, {"a": "2\n"})
    (folder / ".git" / "refs" / "heads" / "main.lock").touch()
    refused(folder, new, "locked")


def test_a_locked_index_moves_no_ref(repo: Make) -> None:
    """Where git is at work on the index, the branch stays."""
    folder = repo({"a": "1\n"})
    new = ahead(folder, {"a": "2\n"})
    (folder / ".git" / "index.lock").touch()
    old = git(folder, "rev-parse", "main")
    with pytest.raises(Conflict, match="could not be written"):
        move(folder, new)
    assert git(folder, "rev-parse", "main") == old


def test_a_branch_of_another_worktree_is_not_moved(repo: Make, tmp_path: Path) -> None:
    """Its checkout would show the difference as changes that nobody made."""
    folder, linked = repo({"a": "1\n"}), tmp_path / "linked"
    new = ahead(folder, {"a": "2\n"})
    git(folder, "checkout", "--quiet", "-b", "here")
    git(folder, "worktree", "add", "--quiet", str(linked), "main")
    refused(folder, new, f"checked out at {linked}")
    move(linked, new)
    assert git(linked, "status", "--porcelain") == ""


def test_a_branch_that_nobody_has_checked_out_moves_alone(repo: Make, tmp_path: Path) -> None:
    """Another branch, a detached HEAD, a bare repository: only the ref moves."""
    folder = repo({"a": "1\n"})
    new = ahead(folder, {"a": "2\n"})
    git(folder, "clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    git(folder, "push", "--quiet", str(tmp_path / "bare"), f"{new}:refs/heads/x")
    git(folder, "checkout", "--quiet", "--detach")
    for place in (folder, tmp_path / "bare"):
        move(place, new)
        assert git(place, "rev-parse", "main").strip() == new
    assert (folder / "a").read_text() == "1\n"
    assert git(folder, "status", "--porcelain") == ""


def test_no_hook_and_no_monitor_runs(repo: Make) -> None:
    """The move is not a `git checkout`: nothing of the configuration is executed."""
    folder = repo({"a": "1\n"})
    new = ahead(folder, {"a": "2\n"})
    canary = folder.parent / "canary"
    for hook in ("post-checkout", "post-merge", "post-index-change", "reference-transaction"):
        file = folder / ".git" / "hooks" / hook
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\ntouch {canary}\n")
        file.chmod(0o755)
    git(folder, "config", "core.fsmonitor", f"touch {canary}; false")
    move(folder, new)
    assert not canary.exists()
    assert (folder / "a").read_text() == "2\n"
