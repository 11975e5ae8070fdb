"""The one place that runs git: its own output, in which nothing of the user's set-up takes part."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gitagent.errors import UsageError
from gitagent.git import patches, program
from gitagent.git.repository import GitRepo
from gitagent.testing.repositories import Entry, commit, git
from gitagent.testing.snapshot import snapshot

Make = Callable[..., Path]

HOSTILE = {
    "format.attach": "true",
    "format.coverLetter": "true",
    "format.signOff": "true",
    "format.thread": "deep",
    "format.subjectPrefix": "EVIL",
    "format.suffix": ".evil",
    "format.headers": "X-Evil: 1\n",
    "format.to": "evil@example.invalid",
    "format.outputDirectory": "/nonexistent",
    "diff.noprefix": "true",
    "diff.mnemonicPrefix": "true",
    "diff.relative": "true",
    "diff.context": "0",
    "diff.submodule": "log",
    "diff.orderFile": "/nonexistent",
    "color.ui": "always",
    "log.showSignature": "true",
    "core.quotePath": "false",
}
COMMANDS = {
    "core.fsmonitor": "touch {canary}; false",
    "core.pager": "touch {canary}; cat",
    "diff.external": "touch {canary}; true",
    "diff.evil.command": "touch {canary}; true",
    "diff.evil.textconv": "touch {canary}; cat",
    "filter.evil.clean": "touch {canary}; cat",
    "filter.evil.smudge": "touch {canary}; cat",
    "gpg.program": "touch {canary}; true",
    "core.sshCommand": "touch {canary}; true",
}
START = {
    "crlf": b"1\r\n2\r\n3\r\n",
    "binary": b"\0\1\2" * 50,
    "old name": "the same text\n" * 9,
    "mixed": b"a\r\nb\nc",
    "program": "1\n",
    "gone": "1\n",
    os.fsdecode(b"caf\xe9"): "1\n",
}


def grown(folder: Path) -> tuple[str, str]:
    """Base and head of two commits with everything that patches find hard."""
    base = git(folder, "rev-parse", "HEAD").strip()
    commit(
        folder,
        {
            "crlf": b"1\r\nTWO\r\n3\r\n",
            "binary": b"\0\3\2" * 60,
            "old name": None,
            "new näme": "the same text\n" * 9,
            "mixed": b"a\r\nB\nc",
            "program": Entry("1\n", executable=True),
            "link": Entry(symlink_to="crlf"),
            "gone": None,
            "empty": b"",
        },
        "Ändere [alles] (ja)\n\nFrom here on: ünïcode.\n---\n>From the past\n\nAgent-Step: 1/2",
    )
    return base, commit(folder, {os.fsdecode(b"caf\xe9"): "2\n"}, "Second")


def hostile(folder: Path, canary: Path) -> None:
    """Every setting and hook that could change a patch or run a program."""
    for key, value in {**HOSTILE, **COMMANDS}.items():
        git(folder, "config", key, value.format(canary=canary))
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "attributes").write_text("* diff=evil filter=evil\n")
    for hook in ("post-index-change", "reference-transaction", "pre-commit", "post-checkout"):
        file = folder / ".git" / "hooks" / hook
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\ntouch {canary}\n")
        file.chmod(0o755)


def applied(place: Path, folder: Path, base: str, files: list[Path]) -> str:
    """The tree that `git am` makes of the patches in a fresh clone."""
    git(place, "clone", "--quiet", str(folder), "clone")
    git(place / "clone", "checkout", "--quiet", base)
    git(place / "clone", "am", "--quiet", "--keep-cr", *map(str, files))
    return git(place / "clone", "rev-parse", "HEAD^{tree}")


def test_git_am_takes_the_patches_of_anything(repo: Make, tmp_path: Path) -> None:
    """Binary, renamed, CRLF, executable, link, deleted, empty, odd names: the same tree."""
    folder = repo(START)
    base, head = grown(folder)
    opened = GitRepo.open(folder)
    files = program.format_patch(opened, base, head, tmp_path / "out ü")
    assert len(files) == 2
    assert all(file.is_file() and file.parent == tmp_path / "out ü" for file in files)
    assert applied(tmp_path, folder, base, files) == git(folder, "rev-parse", f"{head}^{{tree}}")


def test_no_setting_changes_a_patch_and_no_program_runs(repo: Make, tmp_path: Path) -> None:
    """With a hostile configuration the patches are the same bytes, and no canary is touched."""
    folder, canary = repo(START), tmp_path / "canary"
    base, head = grown(folder)
    plain = program.format_patch(GitRepo.open(folder), base, head, tmp_path / "plain")
    hostile(folder, canary)
    before = snapshot(folder)
    others = program.format_patch(GitRepo.open(folder), base, head, tmp_path / "hostile")
    assert [f.name for f in others] == [f.name for f in plain]
    assert [f.read_bytes() for f in others] == [f.read_bytes() for f in plain]
    assert before.diff(snapshot(folder)) == []
    assert not canary.exists()


def test_inherited_git_variables_have_no_effect(
    repo: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GIT_DIR and its like are gone while git runs, and are back afterwards."""
    folder, canary = repo({"a": "1\n"}), tmp_path / "canary"
    base = git(folder, "rev-parse", "HEAD").strip()
    head = commit(folder, {"a": "2\n"}, "two")
    opened = GitRepo.open(folder)
    variables = {
        "GIT_DIR": "/nonexistent",
        "GIT_WORK_TREE": "/nonexistent",
        "GIT_INDEX_FILE": "/nonexistent",
        "GIT_OBJECT_DIRECTORY": "/nonexistent",
        "GIT_EXTERNAL_DIFF": f"touch {canary}",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "format.suffix",
        "GIT_CONFIG_VALUE_0": ".evil",
        "GIT_TRACE": str(canary),
        "GIT_TERMINAL_PROMPT": "1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    environment = dict(os.environ)
    (file,) = program.format_patch(opened, base, head, tmp_path / "out")
    assert file.name == "0001-two.patch"
    assert not canary.exists()
    assert dict(os.environ) == environment


def test_it_runs_from_a_folder_that_is_gone(
    repo: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the command was started does not matter, nor whether that is still there."""
    folder = repo({"a": "1\n"})
    base = git(folder, "rev-parse", "HEAD").strip()
    head = commit(folder, {"a": "2\n"}, "two")
    opened = GitRepo.open(folder)
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert len(program.format_patch(opened, base, head, tmp_path / "out")) == 1


def test_a_linked_worktree_and_a_bare_repository_give_patches(repo: Make, tmp_path: Path) -> None:
    """The commits are those of the repository, wherever one stands in it."""
    folder = repo({"a": "1\n"})
    base = git(folder, "rev-parse", "HEAD").strip()
    head = commit(folder, {"a": "2\n"}, "two")
    git(folder, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"))
    git(folder, "clone", "--quiet", "--bare", ".", str(tmp_path / "bare"))
    for name in ("linked", "bare"):
        opened = GitRepo.open(tmp_path / name)
        assert len(program.format_patch(opened, base, head, tmp_path / f"out-{name}")) == 1


def test_a_delivery_holds_no_patch_of_an_earlier_one(repo: Make) -> None:
    """Patches of a task are written anew: one that is no longer part of it is gone."""
    folder = repo({"a": "1\n"})
    base = git(folder, "rev-parse", "HEAD").strip()
    first = commit(folder, {"a": "2\n"}, "first")
    second = commit(folder, {"a": "3\n"}, "second")
    opened = GitRepo.open(folder)
    assert len(patches.write(opened, base, second, "abc")) == 2
    before = snapshot(folder)
    (file,) = patches.write(opened, base, first, "abc")
    assert sorted(file.parent.iterdir()) == [file]
    assert file.is_relative_to(folder / ".git" / "gitagent")
    assert before.diff(snapshot(folder)) == []


def test_the_version_is_that_of_the_program() -> None:
    """Doctor shows what `git --version` says."""
    said = subprocess.check_output(["git", "--version"], text=True).strip()
    assert program.version() == said


def test_without_git_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without the program gets a sentence, not a traceback."""
    program.version()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="git program cannot be found"):
        program.version()
