"""A proposal becomes a tree, whole or not at all, and only where it may."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gitagent.domain.edit import (
    DeleteFile,
    Edit,
    Proposal,
    RenameFile,
    Replace,
    SetExecutable,
    WriteFile,
)
from gitagent.errors import NotApplied, Refused
from gitagent.git.repository import GitRepo
from gitagent.stages.apply import apply, brief
from gitagent.testing.repositories import Entry

FILES = {
    "a.py": "x = 1\ny = 2\n",
    "src/b.py": "b\n",
    "run.sh": Entry("#!/bin/sh\n", executable=True),
    "blob.bin": b"\0\1",
    "link": Entry(symlink_to="a.py"),
    "folder": Entry(symlink_to="src"),
    ".env": "KEY=FAKEKEY\n",
    "hidden/n.txt": "FAKEKEY\n",
}


@pytest.fixture
def real(repo: Callable[..., Path]) -> GitRepo:
    return GitRepo.open(repo(FILES))


@pytest.fixture
def tree(real: GitRepo) -> str:
    return real.tree_of(real.resolve("HEAD"))


def done(real: GitRepo, tree: str, *edits: Edit, allow: tuple[str, ...] = ()) -> list[str]:
    """The paths that differ afterwards."""
    made = apply(real, tree, Proposal(edits), allow=allow, hidden=("hidden/*",))
    return list(real.changed_paths(tree, made))


def test_every_kind_of_edit_lands(real: GitRepo, tree: str) -> None:
    """Written, replaced, deleted, renamed, made executable: and nothing else differs."""
    edits = (
        WriteFile("new/deep/c.py", "c\n"),
        Replace("a.py", "y = 2", "y = 3"),
        DeleteFile("src/b.py"),
        RenameFile("run.sh", "bin/run.sh"),
        SetExecutable("a.py", True),
    )
    made = apply(real, tree, Proposal(edits))
    assert set(real.changed_paths(tree, made)) == {
        "a.py", "bin/run.sh", "new/deep/c.py", "run.sh", "src/b.py",
    }  # fmt: skip
    moved = real.file(made, "bin/run.sh")
    assert moved is not None
    assert moved.executable
    assert real.mode(made, "src") is None, "an empty folder is none"


def test_what_changes_nothing_is_the_same_tree(real: GitRepo, tree: str) -> None:
    """No edit, or one that writes what is there."""
    assert done(real, tree) == []
    assert done(real, tree, WriteFile("a.py", "x = 1\ny = 2\n")) == []


@pytest.mark.parametrize(
    "edit",
    [
        Replace("a.py", "z = 9", "z"),
        Replace("none.py", "z", "y"),
        DeleteFile("none.py"),
        WriteFile("blob.bin", "text\n"),
        RenameFile("a.py", "src/b.py"),
    ],
)
def test_one_edit_that_does_not_fit_keeps_all_others_out(
    real: GitRepo, tree: str, edit: Edit
) -> None:
    """The problems are for the model to read, and name the file."""
    with pytest.raises(NotApplied) as caught:
        done(real, tree, WriteFile("ok.py", "ok\n"), edit)
    assert edit.path in caught.value.problems[0]


FORBIDDEN = (
    "/etc/x", "../x", "a/../../x", ".git/x", ".GIT/hooks/x", "git~1/x", ".git./x",
    ".g\u200cit/x", "a\\b", "C:x", "a\nb", "a\0b", "a//b", "", "x/", "cafe\u0301.py",
    "\u202egnp.py", "a.py/x", "link", "link/x", "folder/b.py", "src", "A.py", "SRC/c.py",
    ".github/workflows/ci.yml", ".gitattributes", "sub/.gitmodules", "gitagent.toml",
    ".vscode/tasks.json", "AGENTS.md", "agents.MD", "tests/conftest.py", "sitecustomize.py",
    ".env", "hidden/n.txt",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["write", "rename"])
def test_a_path_that_may_not_be_named_refuses_everything(
    real: GitRepo, tree: str, kind: str
) -> None:
    """As what is written and as what something is renamed to."""
    for path in FORBIDDEN:
        edit = RenameFile("run.sh", path) if kind == "rename" else WriteFile(path, "x\n")
        with pytest.raises(Refused):
            done(real, tree, WriteFile("ok.py", "ok\n"), edit)


def test_control_files_and_hidden_ones_can_be_allowed(real: GitRepo, tree: str) -> None:
    """By exactly the patterns that are named."""
    assert done(real, tree, WriteFile("AGENTS.md", "x\n"), allow=("AGENTS.md",)) == ["AGENTS.md"]
    assert done(real, tree, WriteFile(".env", "x\n"), allow=(".env",)) == [".env"]
    with pytest.raises(Refused):
        done(real, tree, WriteFile("AGENTS.md", "x\n"), allow=("*.txt",))
    for path in ("../x", ".git/x"):
        with pytest.raises(Refused):
            done(real, tree, WriteFile(path, "x\n"), allow=("*",))


def test_a_new_file_with_a_secrets_name_may_be_made(real: GitRepo, tree: str) -> None:
    """There is nothing in it yet that a model must not see."""
    assert done(real, tree, WriteFile("secrets.py", "x\n")) == ["secrets.py"]


@pytest.mark.parametrize("edit", [Replace(".env", "KEY=?", "x"), DeleteFile("hidden/n.txt")])
def test_no_message_quotes_what_is_hidden(real: GitRepo, tree: str, edit: Edit) -> None:
    """The nearest lines of such a file are never told."""
    with pytest.raises(Refused) as caught:
        done(real, tree, edit)
    assert "FAKEKEY" not in str(caught.value)


def test_invisible_characters_are_refused_only_where_they_are_new(
    repo: Callable[..., Path],
) -> None:
    """A file that has them already can still be edited."""
    real = GitRepo.open(repo({"a.py": "x = '\u200b'\ny = 1\n"}, name="old"))
    tree = real.tree_of(real.resolve("HEAD"))
    assert done(real, tree, Replace("a.py", "y = 1", "y = 2")) == ["a.py"]
    with pytest.raises(Refused, match=r"U\+202E"):
        done(real, tree, Replace("a.py", "y = 1", "y = '\u202e'"))


def test_two_new_files_that_are_one_elsewhere_are_refused(real: GitRepo, tree: str) -> None:
    """On a file system that folds case."""
    with pytest.raises(Refused):
        done(real, tree, WriteFile("new.py", "a\n"), WriteFile("New.py", "b\n"))
    renamed = done(real, tree, RenameFile("a.py", "A.py"))
    assert sorted(renamed) == ["A.py", "a.py"], "a change of case alone is a rename"


def test_problems_of_the_proposal_come_before_its_edits(real: GitRepo, tree: str) -> None:
    """Half a reply is not applied."""
    with pytest.raises(NotApplied):
        apply(real, tree, Proposal((WriteFile("ok.py", "x\n"),), problems=("cut off",)))


def test_a_person_is_told_the_problem_without_the_quotation() -> None:
    """The nearest lines are for the model."""
    assert brief("a.py: it is not there. The nearest that it has:\n1: x\n2: y") == (
        "a.py: it is not there."
    )
    assert brief("is a binary file") == "is a binary file"
