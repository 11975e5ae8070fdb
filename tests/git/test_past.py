"""What led to a commit: its ancestors in order, and what each of them said and changed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gitagent.domain.code import Change
from gitagent.git.past import Past
from gitagent.git.repository import GitRepo
from gitagent.testing.repositories import EPOCH, commit, git

Make = Callable[..., Path]


def past(folder: Path) -> Past:
    return Past(GitRepo.open(folder))


def test_commits_come_newest_first_with_their_times(repo: Make) -> None:
    """As many as are asked for, the one that is asked of among them."""
    folder = repo({"a.py": "1\n"})
    first = git(folder, "rev-parse", "HEAD").strip()
    second = commit(folder, {"a.py": "2\n"}, "second")
    third = commit(folder, {"a.py": "3\n"}, "third")
    everything = [(third, EPOCH + 120), (second, EPOCH + 60), (first, EPOCH)]
    assert past(folder).commits(third, 9) == everything
    assert past(folder).commits(third, 2) == everything[:2]
    assert past(folder).commits(first, 9) == everything[2:]
    assert past(folder).commits(third, 0) == []


def test_merges_are_left_out_and_what_they_join_is_not(repo: Make) -> None:
    """A merge says again what its parents have said; both of these are there, by their times."""
    folder = repo({"a.py": "1\n"})
    base = git(folder, "rev-parse", "HEAD").strip()
    git(folder, "switch", "-q", "-c", "side")
    side = commit(folder, {"b.py": "1\n"}, "side")
    git(folder, "switch", "-q", "main")
    commit(folder, {"c.py": "1\n"}, "main")
    main = commit(folder, {"c.py": "2\n"}, "main again")
    git(folder, "merge", "-q", "--no-ff", "-m", "merge", "side")
    found = past(folder).commits(head(folder), 9)
    assert found[0][0] == main
    assert {each for each, _ in found} >= {side, base}
    assert len(found) == 4
    assert past(folder).roots(head(folder)) == [base]


def test_a_change_is_what_was_said_and_touched(repo: Make) -> None:
    """Beside the first parent: new files, changed ones, and those that are gone."""
    folder = repo({"a.py": "1\n", "b/c.py": "1\n", "d.py": "1\n"})
    changed = commit(folder, {"a.py": "2\n", "b/c.py": None, "e.py": "new\n"}, "Say it\n\nWhy.")
    assert past(folder).change(changed) == Change("Say it\n\nWhy.\n", ("a.py", "b/c.py", "e.py"))


def test_the_root_changes_nothing(repo: Make) -> None:
    """It brings files that may have nothing to do with each other; what it says is known."""
    folder = repo({"a.py": "1\n", "b/c.py": "1\n"})
    assert past(folder).change(head(folder)) == Change("base\n", ())


def test_a_rename_touches_both_names(repo: Make) -> None:
    """A file that has moved is found by either."""
    folder = repo({"old/a.py": "text\n" * 20})
    moved = commit(folder, {"old/a.py": None, "new/a.py": "text\n" * 20}, "move")
    assert past(folder).change(moved).paths == ("new/a.py", "old/a.py")


def test_only_modes_changed(repo: Make) -> None:
    """That a file may be run now is a change, too; an empty commit changes nothing."""
    folder = repo({"a.sh": "true\n"})
    (folder / "a.sh").chmod(0o755)
    git(folder, "commit", "-q", "-a", "-m", "run it")
    assert past(folder).change(head(folder)).paths == ("a.sh",)
    empty = commit(folder, {}, "nothing")
    assert past(folder).change(empty) == Change("nothing\n", ())


def test_names_and_messages_need_not_be_text(repo: Make) -> None:
    """Git knows bytes; names come as Python has them of the file system."""
    name = os.fsdecode(b"caf\xe9.py")
    folder = repo({})
    commit(folder, {"a.py": "1\n"}, "base")
    commit(folder, {name: "1\n", "größe.py": "2\n"}, "add")
    made = subprocess.run(
        ["git", "hash-object", "-w", "-t", "commit", "--stdin"],
        cwd=folder,
        input=os.fsencode(git(folder, "cat-file", "commit", "HEAD")) + b"caf\xe9 \xc3\xb6\n",
        capture_output=True,
        check=True,
    )
    assert past(folder).change(head(folder)).paths == tuple(sorted((name, "größe.py")))
    assert past(folder).change(made.stdout.decode().strip()).message == "add\ncaf\ufffd ö\n"


def test_two_roots_are_both_named(repo: Make) -> None:
    """A repository that took another one in has the beginnings of both, in order."""
    folder = repo({"a.py": "1\n"})
    first = head(folder)
    git(folder, "switch", "-q", "--orphan", "other")
    second = commit(folder, {"b.py": "1\n"}, "another beginning")
    git(folder, "switch", "-q", "main")
    git(folder, "merge", "-q", "--no-ff", "--allow-unrelated-histories", "-m", "join", "other")
    assert past(folder).roots(head(folder)) == sorted((first, second))


@pytest.mark.parametrize("depth", [1, 2])
def test_a_shallow_clone_has_the_past_that_it_has(repo: Make, tmp_path: Path, depth: int) -> None:
    """The last commit is not taken for one that made all files: its parent is not here."""
    folder = repo({"a.py": "1\n"})
    for n in (2, 3):
        commit(folder, {"a.py": f"{n}\n"}, f"number {n}")
    shallow = tmp_path / "shallow"
    git(folder, "clone", "-q", f"--depth={depth}", f"file://{folder}", str(shallow))
    found = past(shallow).commits(head(shallow), 9)
    assert [each for each, _ in found] == [
        each for each, _ in past(folder).commits(head(folder), depth)
    ]
    changes = [past(shallow).change(each) for each, _ in found]
    assert [change.message for change in changes] == ["number 3\n", "number 2\n"][:depth]
    assert [change.paths for change in changes] == [*[("a.py",)] * (depth - 1), ()]
    assert past(shallow).roots(head(shallow)) == [found[-1][0]]


def test_what_is_missing_is_passed_over(repo: Make) -> None:
    """A partial clone lacks trees of old commits; what they said is still known."""
    folder = repo({"a/b.py": "1\n"})
    old = git(folder, "rev-parse", "HEAD^{tree}").strip()
    commit(folder, {"a/b.py": "2\n"}, "second")
    (folder / ".git" / "objects" / old[:2] / old[2:]).unlink()
    assert past(folder).change(head(folder)) == Change("second\n", (), whole=False)


def head(folder: Path) -> str:
    return git(folder, "rev-parse", "HEAD").strip()
