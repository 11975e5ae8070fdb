"""Uncommitted work as a commit: what git would have committed, and nothing touched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gitagent.errors import UsageError
from gitagent.git.dirty import commit_dirty
from gitagent.git.repository import GitRepo
from gitagent.testing.repositories import Entry, build, commit, git
from gitagent.testing.snapshot import snapshot

Make = Callable[..., Path]


def taken(folder: Path) -> tuple[dict[str, tuple[str, str]], tuple[str, ...]]:
    """Mode and content by path of the commit, and the paths taken; the checkout is untouched."""
    before = snapshot(folder)
    made, paths = commit_dirty(GitRepo.open(folder))
    assert before.diff(snapshot(folder)) == []
    listing = git(folder, "ls-tree", "-r", "-z", made).split("\0")[:-1]
    entries = [(*line.partition("\t")[0].split(), line.partition("\t")[2]) for line in listing]
    found = {
        path: (mode, git(folder, "cat-file", "blob", blob) if kind == "blob" else "")
        for mode, kind, blob, path in entries
    }
    return found, tuple(paths)


def test_every_kind_of_change_is_taken_as_it_lies_on_disk(repo: Make) -> None:
    """Modified, staged, deleted, new, renamed, made executable, turned into a link."""
    names = ("modified", "staged", "deleted", "removed", "program", "turned", "same", "moved")
    folder = repo({name: f"{name}\n" for name in names})
    (folder / "modified").write_text("changed\n")
    (folder / "staged").write_text("in the index\n")
    git(folder, "add", "staged")
    (folder / "staged").write_text("on disk\n")
    (folder / "deleted").unlink()
    git(folder, "rm", "--quiet", "removed")
    (folder / "program").chmod(0o755)
    (folder / "turned").unlink()
    (folder / "turned").symlink_to("same")
    git(folder, "mv", "moved", "renamed")
    (folder / "new").mkdir()
    (folder / "new" / os.fsdecode(b"caf\xe9")).write_text("new\n")
    (folder / "planned").write_text("planned\n")
    git(folder, "add", "--intent-to-add", "planned")
    found, paths = taken(folder)
    assert found == {
        "modified": ("100644", "changed\n"),
        "staged": ("100644", "on disk\n"),
        "program": ("100755", "program\n"),
        "turned": ("120000", "same"),
        "same": ("100644", "same\n"),
        "renamed": ("100644", "moved\n"),
        os.fsdecode(b"new/caf\xe9"): ("100644", "new\n"),
        "planned": ("100644", "planned\n"),
    }
    assert set(paths) == (set(names) | set(found)) - {"same"}


def test_a_clean_checkout_is_head_itself(repo: Make) -> None:
    """No difference makes no commit, even where the files look newer."""
    folder = repo()
    (folder / "README.md").touch()
    opened = GitRepo.open(folder)
    assert commit_dirty(opened) == (opened.resolve("HEAD"), ())


def test_ignored_and_secret_files_stay_where_they_are(repo: Make) -> None:
    """What git ignores, and new files that look like keys, reach no object."""
    folder = repo({"a": "1", ".gitignore": "*.log\n", ".env": "HARMLESS=1\n"})
    for name in ("x.log", ".env.local", "id_rsa", "server.pem"):
        (folder / name).write_text("FAKEKEY-dirty")
    (folder / "staged.key").write_text("FAKEKEY-dirty")
    git(folder, "add", "staged.key")
    (folder / ".ssh").mkdir()
    (folder / ".ssh" / "config").write_text("FAKEKEY-dirty")
    (folder / "b").write_text("2")
    (folder / ".env").write_text("HARMLESS=2\n")
    found, paths = taken(folder)
    assert paths == (".env", "b")
    assert set(found) == {"a", ".gitignore", ".env", "b"}


def test_nothing_is_read_through_a_link_in_place_of_a_folder(repo: Make, tmp_path: Path) -> None:
    """A folder that became a link is a link; what it leads to is somebody else's."""
    folder, outside = repo({"docs/x": "1"}), tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_text("FAKEKEY-outside")
    shutil.rmtree(folder / "docs")
    (folder / "docs").symlink_to(outside)
    found, _ = taken(folder)
    assert found == {"docs": ("120000", str(outside))}


def test_files_and_folders_change_places(repo: Make) -> None:
    """A file where a folder was, and a folder where a file was."""
    folder = repo({"a/b": "1", "f": "1"})
    shutil.rmtree(folder / "a")
    (folder / "a").write_text("a file")
    (folder / "f").unlink()
    (folder / "f").mkdir()
    (folder / "f" / "x").write_text("x")
    found, _ = taken(folder)
    assert found == {"a": ("100644", "a file"), "f/x": ("100644", "x")}


def test_line_ends_are_those_that_git_would_commit(repo: Make) -> None:
    """With autocrlf, a CRLF checkout of an LF file with one new line differs by that line."""
    folder = repo({"a": "1\n2\n", "b": "1\n"})
    git(folder, "config", "core.autocrlf", "true")
    for name in ("a", "b"):
        (folder / name).unlink()
    git(folder, "checkout", "--quiet", ".")
    assert (folder / "b").read_bytes() == b"1\r\n"
    (folder / "a").write_bytes(b"1\r\n2\r\n3\r\n")
    found, paths = taken(folder)
    assert (found["a"], paths) == (("100644", "1\n2\n3\n"), ("a",))


@pytest.mark.parametrize("rule", ["filter=upper", "working-tree-encoding=UTF-16LE"])
def test_a_filter_is_refused_and_never_run(repo: Make, rule: str) -> None:
    """A changed file that goes through a program of the configuration is not taken."""
    folder = repo({"a": "1", "b": "1"})
    canary = folder.parent / "canary"
    git(folder, "config", "filter.upper.clean", f"touch {canary}; cat")
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "attributes").write_text(f"a {rule}\n")
    (folder / "a").write_text("other")
    with pytest.raises(UsageError, match="a is changed and goes through a filter"):
        commit_dirty(GitRepo.open(folder))
    assert not canary.exists()


def test_submodules_and_nested_repositories_are_left_alone(repo: Make, tmp_path: Path) -> None:
    """Another repository's work is not this one's."""
    upstream = build(tmp_path / "up", {"q": "1"})
    folder = repo({"a": "1"})
    allowed = ("-c", "protocol.file.allow=always")
    git(folder, *allowed, "submodule", "--quiet", "add", str(upstream), "sub")
    git(folder, "commit", "--quiet", "--message=sub")
    commit(folder / "sub", {"q": "2"}, "moved")
    (folder / "sub" / "loose").write_text("1")
    build(folder / "nested", {"q": "1"})
    assert commit_dirty(GitRepo.open(folder))[1] == ()
    (folder / "a").write_text("2")
    assert commit_dirty(GitRepo.open(folder))[1] == ["a"]


def test_what_a_sparse_checkout_leaves_out_is_not_deleted(repo: Make) -> None:
    """Files that are not on disk on purpose stay in the commit."""
    folder = repo({"a/x": "1", "a/y": "1", "b/z": "2"})
    git(folder, "sparse-checkout", "set", "a")
    assert not (folder / "b").exists()
    (folder / "a" / "x").write_text("2")
    (folder / "a" / "y").unlink()
    canary = folder.parent / "canary"
    git(folder, "config", "core.fsmonitor", f"touch {canary}; false")
    found, paths = taken(folder)
    assert found == {"a/x": ("100644", "2"), "b/z": ("100644", "2")}
    assert paths == ("a/x", "a/y")
    assert not canary.exists()


def test_an_index_that_cannot_be_read_is_said(repo: Make) -> None:
    """A sparse index has an entry that is not understood: wrong usage, no crash."""
    folder = repo({"a/x": "1", "b/y": "2"})
    git(folder, "sparse-checkout", "set", "--cone", "--sparse-index", "a")
    (folder / "a" / "x").write_text("2")
    with pytest.raises(UsageError, match="cannot be read"):
        commit_dirty(GitRepo.open(folder))


def test_conflicts_must_be_solved_first(repo: Make) -> None:
    """Conflict markers are nobody's work to build on."""
    folder = repo({"a": "1\n"})
    git(folder, "checkout", "--quiet", "-b", "other")
    commit(folder, {"a": "2\n"}, "two")
    git(folder, "checkout", "--quiet", "main")
    commit(folder, {"a": "3\n"}, "three")
    with pytest.raises(Exception, match="merge"):
        git(folder, "merge", "other")
    with pytest.raises(UsageError, match="a is in conflict"):
        commit_dirty(GitRepo.open(folder))


def test_executable_bits_come_from_the_index_where_the_disk_has_none(repo: Make) -> None:
    """With core.fileMode off, a changed program stays a program."""
    folder = repo({"run": Entry("1", executable=True), "text": "1"})
    git(folder, "config", "core.fileMode", "false")
    for name, mode in (("run", 0o644), ("text", 0o755)):
        (folder / name).write_text("2")
        (folder / name).chmod(mode)
    found, _ = taken(folder)
    assert found == {"run": ("100755", "2"), "text": ("100644", "2")}


def test_a_bare_repository_has_no_work_to_include(repo: Make, tmp_path: Path) -> None:
    """There is no checkout, and the sentence says so."""
    git(repo(), "clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    with pytest.raises(UsageError, match="bare"):
        commit_dirty(GitRepo.open(tmp_path / "bare"))


def test_a_linked_worktree_has_its_own_work(repo: Make, tmp_path: Path) -> None:
    """The changes are those of the checkout where the command runs."""
    folder, linked = repo({"a": "1"}), tmp_path / "linked"
    git(folder, "worktree", "add", "--quiet", "-b", "other", str(linked))
    (folder / "a").write_text("main")
    (linked / "a").write_text("linked")
    found, _ = taken(linked)
    assert found == {"a": ("100644", "linked")}
