"""A checkout that a dead process left half way is moved on, and a person's changes are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gitagent.errors import Conflict
from gitagent.git import half_moved
from gitagent.git.checkout import advance
from gitagent.git.repository import GitRepo
from gitagent.testing.repositories import commit, git
from gitagent.testing.snapshot import snapshot

OLD = {"a": "1\n", "b": "1\n2\n3\n", "gone": "1\n", "swap": "1\n", "other": "1\n"}
NEW = {"a": "2\n", "b": "1\n2\n3\n4\n", "gone": None, "swap": None, "swap/in": "1\n", "new": "1\n"}


@pytest.fixture
def half(repo: Callable[..., Path]) -> tuple[Path, str]:
    """A repository whose files are said to be on the move, and the commit they move to."""
    folder = repo(OLD)
    git(folder, "checkout", "--quiet", "-b", "ahead")
    new = commit(folder, NEW, "ahead")
    git(folder, "checkout", "--quiet", "main")
    git(folder, "branch", "--quiet", "-D", "ahead")
    opened = GitRepo.open(folder)
    half_moved.mark(opened, opened.tree_of(opened.resolve("main")), opened.tree_of(new))
    return folder, new


def move(folder: Path, new: str) -> None:
    repo = GitRepo.open(folder)
    advance(repo, "main", new, repo.resolve("main"), "gitagent: accept")


def untouched(folder: Path) -> None:
    """As before the first file was written."""


def all_written(folder: Path) -> None:
    (folder / "a").write_text("2\n")
    (folder / "b").write_text("1\n2\n3\n4\n")
    (folder / "new").write_text("1\n")
    (folder / "gone").unlink()
    (folder / "swap").unlink()
    (folder / "swap").mkdir()
    (folder / "swap" / "in").write_text("1\n")


def all_staged(folder: Path) -> None:
    all_written(folder)
    git(folder, "add", "--all")


def cut_off(folder: Path) -> None:
    """A file is gone and not yet written, one is empty, one is half written, one is new."""
    (folder / "a").unlink()
    (folder / "new").write_text("")
    (folder / "b").write_text("1\n2\n3\n4")
    (folder / "swap").unlink()


@pytest.mark.parametrize("left", [untouched, all_written, all_staged, cut_off])
def test_what_was_left_half_way_is_moved_on(
    half: tuple[Path, str], left: Callable[[Path], None]
) -> None:
    """Branch, files and index are those of the new commit; other changes stay."""
    folder, new = half
    left(folder)
    (folder / "other").write_text("mine\n")
    move(folder, new)
    assert git(folder, "rev-parse", "main").strip() == new
    assert git(folder, "status", "--porcelain") == " M other\n"
    assert not (folder / ".git" / half_moved.MARK).exists()


def changed(folder: Path) -> None:
    cut_off(folder)
    (folder / "b").write_text("1\nmine\n")


def staged(folder: Path) -> None:
    (folder / "a").write_text("mine\n")
    git(folder, "add", "a")
    all_written(folder)


def a_file_in_the_new_folder(folder: Path) -> None:
    all_written(folder)
    (folder / "swap" / "mine").write_text("mine\n")
    git(folder, "rm", "--quiet", "--cached", "swap")
    git(folder, "add", "swap/mine")
    (folder / "swap" / "in").unlink()


def a_link(folder: Path) -> None:
    (folder / "gone").unlink()
    (folder / "gone").symlink_to("/etc/hostname")


@pytest.mark.parametrize("mine", [changed, staged, a_file_in_the_new_folder, a_link])
def test_a_persons_changes_since_then_stop_it(
    half: tuple[Path, str], mine: Callable[[Path], None]
) -> None:
    """They are told apart by what stands there, and not a byte is written."""
    folder, new = half
    mine(folder)
    before = snapshot(folder)
    with pytest.raises(Conflict, match="local changes"):
        move(folder, new)
    assert before.diff(snapshot(folder)) == []


def test_a_mark_of_another_move_means_nothing(half: tuple[Path, str]) -> None:
    """What was left on the way to somewhere else is a change like any other."""
    folder, _new = half
    cut_off(folder)
    git(folder, "stash", "--quiet", "--include-untracked")
    git(folder, "checkout", "--quiet", "-b", "elsewhere")
    new = commit(folder, {"a": "3\n"}, "elsewhere")
    git(folder, "checkout", "--quiet", "main")
    (folder / "a").unlink()
    with pytest.raises(Conflict, match="local changes"):
        move(folder, new)
