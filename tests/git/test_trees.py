"""Trees built in the object database, against what git itself says of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitagent.domain.edit import File
from gitagent.errors import Refused
from gitagent.git.repository import GitRepo
from gitagent.testing.repositories import Entry, build, git

Make = Callable[..., Path]
LATIN = os.fsdecode(b"caf\xe9/na\xefve.txt")


def opened(folder: Path) -> tuple[GitRepo, str]:
    repo = GitRepo.open(folder)
    return repo, repo.tree_of(repo.resolve("HEAD"))


def listed(folder: Path, tree: str) -> str:
    return git(folder, "ls-tree", "-r", "-z", tree)


def test_untouched_paths_keep_their_blob_and_mode(repo: Make) -> None:
    """A path that no change names is the same entry afterwards: links, programs, odd bytes."""
    folder = repo(
        {
            "a.txt": b"one\r\ntwo\r\n",
            "run": Entry("#!/bin/sh\n", executable=True),
            "link": Entry(symlink_to="../out"),
            "deep/er/x": "x",
            LATIN: b"\xff\xfe",
        }
    )
    opened_repo, tree = opened(folder)
    changed = opened_repo.with_files(tree, {"deep/er/y": File(b"y", executable=True)})
    before, after = listed(folder, tree).split("\0"), listed(folder, changed).split("\0")
    assert set(before) <= set(after)
    (new,) = set(after) - set(before)
    assert new.startswith("100755 blob ")
    assert git(folder, "fsck", "--strict", "--no-dangling") == ""


def test_names_that_are_not_utf8_are_written_and_removed(repo: Make) -> None:
    """A name is bytes: one that is not UTF-8 can be read, changed, added and removed."""
    # git sorts the folder z as z/, behind z.b
    folder = repo({LATIN: "x", "a": "1", "z/x": "1", "z.b": "1"})
    opened_repo, tree = opened(folder)
    assert opened_repo.file(tree, LATIN) == File(b"x")
    new = os.fsdecode(b"m\xff")
    changed = opened_repo.with_files(tree, {LATIN: File(b"y"), new: File(b"n", executable=True)})
    assert opened_repo.file(changed, LATIN) == File(b"y")
    assert opened_repo.file(changed, new) == File(b"n", executable=True)
    assert sorted(opened_repo.changed_paths(tree, changed)) == sorted([LATIN, new])
    assert git(folder, "fsck", "--strict", "--no-dangling") == ""
    assert opened_repo.with_files(changed, {LATIN: File(b"x"), new: None}) == tree


def test_a_file_becomes_a_folder_and_back(repo: Make) -> None:
    """A path can change between file and folder in one go."""
    opened_repo, tree = opened(repo({"a": "1", "b/c": "2", "b/d": "3"}))
    changes = {"a/x": File(b"x"), "a": None, "b": File(b"b"), "b/c": None, "b/d": None}
    changed = opened_repo.with_files(tree, changes)
    assert [f.path for f in opened_repo.files(changed)] == ["a/x", "b"]


def test_empty_folders_vanish(repo: Make) -> None:
    """Where the last file of a folder goes, so do the folders above it."""
    opened_repo, tree = opened(repo({"a": "1", "b/c/d/e": "2"}))
    emptied = opened_repo.with_files(tree, {"b/c/d/e": None})
    assert opened_repo.mode(emptied, "b") is None
    assert opened_repo.with_files(emptied, {"no/such/file": None}) == emptied


@pytest.mark.parametrize(
    "path", [".git/config", ".GIT/x", "../x", "/x", "a//b", "", "x\0y", ".", "git~1/x", "a/.git"]
)
def test_paths_that_git_forbids_are_refused(repo: Make, path: str) -> None:
    """Whatever came before, no tree is written with a name that could harm a checkout."""
    opened_repo, tree = opened(repo({"a": "1"}))
    with pytest.raises(Refused):
        opened_repo.with_files(tree, {path: File(b"")})


def test_gitlinks_are_kept_and_are_no_files(repo: Make, tmp_path: Path) -> None:
    """A submodule keeps its entry, has no size, and is never read as a file."""
    folder = repo({"a": "1"})
    commit = git(folder, "rev-parse", "HEAD").strip()
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{commit},sub")
    git(folder, "commit", "-qm", "sub")
    opened_repo, tree = opened(folder)
    changed = opened_repo.with_files(tree, {"a": File(b"2")})
    (link,) = (f for f in opened_repo.files(changed) if f.path == "sub")
    assert (link.mode, link.size, link.blob) == (0o160000, 0, commit)
    assert opened_repo.file(changed, "sub") is None
    assert opened_repo.file(changed, "sub/x") is None


names = st.sampled_from(["a", "b", "a.b", "a0", "é", os.fsdecode(b"\xff")])
paths = st.lists(names, min_size=1, max_size=3).map("/".join)


@settings(max_examples=40, deadline=None)
@given(before=st.sets(paths, max_size=6), after=st.sets(paths, max_size=6))
def test_any_set_of_files_makes_the_tree_that_git_would_make(
    before: set[str], after: set[str]
) -> None:
    """From any tree to any other: the id is that of the same tree built from nothing."""
    start, end = (_without_clashes(paths) for paths in (before, after))
    with TemporaryDirectory() as place:
        opened_repo = GitRepo.open(build(Path(place, "r"), {}))
        tree = opened_repo.with_files("", {path: File(b"1") for path in start})
        wanted = opened_repo.with_files("", {path: File(b"2") for path in end})
        removed = dict.fromkeys(start, None)
        changes: dict[str, File | None] = {**removed, **{path: File(b"2") for path in end}}
        assert opened_repo.with_files(tree, changes) == wanted
        assert {f.path for f in opened_repo.files(wanted)} == end


def _without_clashes(paths: set[str]) -> set[str]:
    return {path for path in paths if not any(other.startswith(path + "/") for other in paths)}
