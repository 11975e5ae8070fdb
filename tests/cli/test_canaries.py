"""Nothing that a repository's configuration, hooks or attributes name is ever run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bench import FILES, GREEN, Bench

from gitagent.testing.repositories import git

HOOKS = [
    "applypatch-msg",
    "commit-msg",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-rewrite",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "prepare-commit-msg",
    "push-to-checkout",
    "reference-transaction",
    "sendemail-validate",
]
PROGRAMS = [
    "core.fsmonitor",
    "core.pager",
    "core.editor",
    "core.sshCommand",
    "core.askPass",
    "credential.helper",
    "diff.external",
    "diff.evil.textconv",
    "diff.evil.command",
    "filter.evil.clean",
    "filter.evil.smudge",
    "filter.evil.process",
    "merge.evil.driver",
    "gpg.program",
    "gc.recentObjectsHook",
    "sequence.editor",
    "alias.log",
    "alias.diff",
    "alias.format-patch",
    "pager.log",
    "interactive.diffFilter",
    "trailer.x.command",
    "uploadpack.packObjectsHook",
]
ATTRIBUTES = "*.py diff=evil merge=evil\n*.dat filter=evil diff=evil\n"


@pytest.fixture
def trapped(repo: Callable[..., Path]) -> tuple[Path, Path]:
    """A repository in which everything that git may run would leave a file, and that file."""
    folder = repo({**FILES, ".gitattributes": ATTRIBUTES, "a.dat": "raw\n"})
    sung = folder.with_name("sung")
    canary = folder.with_name("canary")
    canary.write_text(f'#!/bin/sh\necho "$0 $@" >>{sung}\ncat\n')
    canary.chmod(0o755)
    hooks = folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in HOOKS:
        (hooks / name).symlink_to(canary)
    with (folder / ".git" / "config").open("a") as file:
        for name in PROGRAMS:
            section, _, key = name.rpartition(".")
            head, _, rest = section.partition(".")
            file.write(f'[{head} "{rest}"]\n' if rest else f"[{head}]\n")
            file.write(f"\t{key} = {canary}\n")
        file.write("[commit]\n\tgpgSign = true\n[format]\n\tpretty = fuller\n")
    return folder, sung


def test_no_command_runs_what_the_repository_names(
    bench: Bench, trapped: tuple[Path, Path], tmp_path: Path
) -> None:
    """Task, dry run, dirty work, show, diff, log, patch, accept and drop alike."""
    folder, sung = trapped
    done = bench.task(folder, "--gate", GREEN, "--deliver", "patch")
    assert done.code == 0, done.err
    dry = bench.task(folder, "--gate", GREEN, "--dry-run")
    (folder / "README.md").write_text("mine\n")
    dirty = bench.task(folder, "--gate", GREEN, "--include-dirty")
    assert (dry.code, dirty.code) == (0, 0)
    for words in (
        ("list",), ("show", done.id), ("diff", done.id), ("diff", done.id, "1"), ("log", done.id),
        ("cost",), ("config", "show"), ("config", "check"), ("patch", done.id, "-o", str(tmp_path)),
        ("accept", done.id), ("drop", dirty.id),
    ):  # fmt: skip
        ran = bench.run(*words, cwd=folder)
        assert ran.code == 0, (words, ran.err)
    bench.run("doctor", cwd=folder)
    assert not sung.exists(), sung.read_text()
    assert "return a + b" in (folder / "calc.py").read_text()


def test_the_canary_would_sing(trapped: tuple[Path, Path]) -> None:
    """The trap is a real one: git itself walks into it."""
    folder, sung = trapped
    git(folder, "status")
    assert "canary" in sung.read_text()


def test_a_file_behind_a_filter_is_left_to_git(bench: Bench, trapped: tuple[Path, Path]) -> None:
    """Accepting a change of one would need the filter: that is said, and nothing is changed."""
    from bench import whole

    folder, sung = trapped
    done = bench.task(folder, "--no-gate", says=[whole("a.dat", "new\n")], text="change a.dat")
    assert done.code == 0, done.err
    ran = bench.run("accept", done.id, "--no-gate", cwd=folder)
    assert ran.code == 8, ran.err
    assert "filter" in ran.err
    assert (folder / "a.dat").read_text() == "raw\n"
    assert not sung.exists()
