"""Trees that are changed in memory are the trees that git would have made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitagent.domain.edit import File
from gitagent.git.folders import Folder
from gitagent.git.repository import GitRepo
from gitagent.testing.repositories import git

Make = Callable[..., Path]
NAMES = st.sampled_from(["a", "a.b", "a0", "b", "calls", "z"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
CHANGES = st.dictionaries(PATHS, st.sampled_from([None, b"1", b"2"]), max_size=5)


_opened: dict[Make, GitRepo] = {}


def opened(repo: Make) -> GitRepo:
    """One repository for all examples of a test."""
    if repo not in _opened:
        _opened[repo] = GitRepo.open(repo({"x": "1"}))
    return _opened[repo]


def fitting(changes: dict[str, bytes | None]) -> dict[str, File | None]:
    """Without paths that would be a file and a folder at once."""
    kept = {
        path: data
        for path, data in changes.items()
        if not any(other.startswith(f"{path}/") for other in changes)
    }
    return {path: None if data is None else File(data) for path, data in kept.items()}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rounds=st.lists(CHANGES, max_size=4))
def test_the_same_tree_as_by_libgit2(repo: Make, rounds: list[dict[str, bytes | None]]) -> None:
    """Order of entries, nested folders, and folders that become empty or a file."""
    found = opened(repo)
    folder, tree = Folder(), ""
    for changes in map(fitting, rounds):
        folder = found.changed(folder, changes, {})
        tree = found.with_files(tree, changes) if folder.id else ""
        assert folder.id == tree


def test_a_folder_goes_on_from_what_is_in_the_repository(repo: Make) -> None:
    """Folders on the path of a change are read, others keep their ids."""
    path = repo({"a/b": "1", "c/d": "2"})
    found = GitRepo.open(path)
    folder = found.folder_of(found.tree_of(found.resolve("HEAD")))
    made = found.changed(folder, {"a/e": File(b"3"), "c/d": None}, {"code": folder.id})
    assert git(path, "ls-tree", "-r", "--name-only", made.id).split() == [
        *("a/b", "a/e", "code/a/b", "code/c/d"),
    ]
    assert "c" not in git(path, "ls-tree", "--name-only", made.id).split()


def test_a_commit_is_what_git_would_have_written(repo: Make) -> None:
    """git's own check has nothing to say, and reads back what was meant."""
    path = repo({"a": "1"})
    found = GitRepo.open(path, ("Bot Ünïcode", "bot@example.invalid"))
    base = found.resolve("HEAD")
    made = found.commit(found.tree_of(base), [base, base], "Sübject\n\nAgent-Task: x\n")
    found.move_ref("refs/heads/new", made, None, "test")
    assert git(path, "fsck", "--strict", "--no-dangling") == ""
    said = git(
        path, "log", "-1", "--format=%an|%ae|%s|%P|%(trailers:key=Agent-Task,valueonly)", "new"
    )
    assert said.strip() == f"Bot Ünïcode|bot@example.invalid|Sübject|{base} {base}|x"
