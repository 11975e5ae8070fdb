"""The git folder of an exported tree, as the git program itself reads it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gitagent.domain.edit import File
from gitagent.git.export import export
from gitagent.git.repository import GitRepo
from gitagent.git.stand_in import StandIn
from gitagent.testing import repositories

SECRET = "FAKEKEY-history"
FILES = {
    "setup.py": "setup()\n",
    "run.sh": "echo\n",
    "a/b/c d.txt": "deep\n",
    "a-b": "sorts before a/\n",
    "umlaut-ü": "é\n",
    "long/" + "n" * 250: "a long name\n",
}


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A repository with a secret in its past and its settings, a tag, and work after the tag."""
    folder = repositories.build(tmp_path / "source", {**FILES, "old.txt": SECRET})
    git(folder, "tag", "-a", "v1.2.3", "-m", "release")
    git(folder, "config", "remote.origin.url", f"https://{SECRET}@example.invalid/x.git")
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("setup.py")
    git(folder, "rm", "-q", "old.txt")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "later")
    return folder


@pytest.fixture
def exported(source: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "exported"
    folder.mkdir()
    repo = GitRepo.open(source)
    head = repo.resolve("HEAD")
    export(repo, repo.tree_of(head), folder)
    StandIn(repo, repo, head).write(repo.tree_of(head), folder)
    return folder


def test_the_program_finds_the_same_tree(source: Path, exported: Path) -> None:
    """Its id, its files with their modes, its root, its release."""
    for question in (
        ("rev-parse", "HEAD^{tree}"),
        ("ls-files", "-s"),
        ("ls-tree", "-r", "-t", "HEAD"),
        ("describe", "--tags", "--abbrev=0"),
        ("log", "-1", "--format=%ct"),
        ("rev-parse", "--abbrev-ref", "HEAD"),
    ):
        assert git(exported, *question) == git(source, *question), question
    assert git(exported, "rev-parse", "--show-toplevel").strip() == str(exported)


def test_nothing_is_changed_at_first(exported: Path) -> None:
    """By every way of asking, those that trust the index included."""
    assert git(exported, "status", "--porcelain") == ""
    assert git(exported, "diff-index", "--cached", "HEAD") == ""
    assert git(exported, "diff-files") == ""
    assert git(exported, "diff", "HEAD", "--stat") == ""
    assert "dirty" not in git(exported, "describe", "--tags", "--dirty")


def test_a_change_is_seen(exported: Path) -> None:
    """One of content, of mode, of kind, a new file and one that is gone."""
    (exported / "setup.py").write_text("setup(1)\n")
    (exported / "a-b").chmod(0o755)
    (exported / "link").unlink()
    (exported / "new").write_text("")
    lines = git(exported, "status", "--porcelain").splitlines()
    assert lines == [" M a-b", " D link", " M setup.py", "?? new"]


def test_of_the_user_s_repository_nothing_else_is_there(exported: Path) -> None:
    """No history, no settings, no hooks, no contents."""
    raw = b"".join(path.read_bytes() for path in (exported / ".git").rglob("*") if path.is_file())
    assert SECRET.encode() not in raw
    assert git(exported, "rev-list", "--count", "HEAD").strip() == "1"
    assert git(exported, "remote") == ""
    assert not (exported / ".git" / "hooks").exists()
    assert "fatal" in git(exported, "cat-file", "-p", "HEAD:setup.py")


def test_the_pack_is_sound(exported: Path) -> None:
    """Every object in it is whole; only contents are missing."""
    said = git(exported, "fsck", "--full").splitlines()
    kinds = {line.split()[0:2][1] for line in said if line.startswith("missing")}
    assert kinds == {"blob"}
    assert not [line for line in said if "corrupt" in line or "bad" in line]
    assert "verify-pack" not in git(
        exported, "verify-pack", *(exported / ".git").glob("objects/*/*.idx")
    )


def test_another_tree_in_the_same_folder(source: Path, exported: Path) -> None:
    """The folder is written over: what it said of the tree before is gone."""
    repo = GitRepo.open(source)
    head = repo.resolve("HEAD")
    tree = repo.with_files(repo.tree_of(head), {"a-b": None, "x/y": File(b"new\n")})
    (exported / "a-b").unlink()
    (exported / "x").mkdir()
    (exported / "x" / "y").write_text("new\n")
    (exported / "x" / "y").chmod(0o644)
    stand_in = StandIn(repo, repo, head)
    for _ in range(2):
        stand_in.write(tree, exported)
        assert git(exported, "status", "--porcelain") == ""
        assert git(exported, "rev-parse", "HEAD^{tree}").strip() == tree


def test_a_tree_without_files_or_tags(tmp_path: Path) -> None:
    """Less to say, and said all the same."""
    repo = GitRepo.open(repositories.build(tmp_path / "source", {"only": "x\n"}))
    head = repo.resolve("HEAD")
    empty = repo.with_files(repo.tree_of(head), {"only": None})
    folder = tmp_path / "exported"
    folder.mkdir()
    StandIn(repo, repo, head).write(empty, folder)
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "ls-files") == ""
    assert "No names found" in git(folder, "describe", "--tags")


def test_a_tree_that_follows_nothing(exported: Path, source: Path, tmp_path: Path) -> None:
    """Before the first commit of a branch there is a tree to check all the same."""
    repo = GitRepo.open(source)
    tree = repo.tree_of(repo.resolve("HEAD"))
    StandIn(repo, repo, None).write(tree, exported)
    assert git(exported, "status", "--porcelain") == ""
    assert "No names found" in git(exported, "describe", "--tags")


def test_a_submodule_is_none_of_its_files(tmp_path: Path) -> None:
    """A link to another repository's commit stays one."""
    source = repositories.build(tmp_path / "source", {"a": "x\n"})
    git(source, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub")
    git(source, "commit", "-qm", "submodule")
    repo = GitRepo.open(source)
    head = repo.resolve("HEAD")
    folder = tmp_path / "exported"
    folder.mkdir()
    export(repo, repo.tree_of(head), folder)
    StandIn(repo, repo, head).write(repo.tree_of(head), folder)
    assert git(folder, "ls-files", "-s") == git(source, "ls-files", "-s")
    assert git(folder, "status", "--porcelain") == ""
