"""Built repositories: real, exact, the same every time, and apart from the person's set-up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gitagent.errors import Internal
from gitagent.testing import repositories, synthetic
from gitagent.testing.repositories import SAMPLE_TASK, Entry, build, commit, git


def listing(repo: Path, rev: str = "HEAD") -> dict[str, str]:
    lines = git(repo, "ls-tree", "-r", "-z", rev).split("\0")
    return {line.partition("\t")[2]: line.split()[0] for line in lines if line}


def test_a_tree_has_the_given_bytes_modes_and_links(tmp_path: Path) -> None:
    """Nothing is added, normalised or ignored."""
    files: dict[str, repositories.Content] = {
        ".gitignore": "*.log\n",
        "kept.log": "ignored and yet asked for\n",
        "run.sh": Entry("#!/bin/sh\n", executable=True),
        "link": Entry(symlink_to="nowhere/at all"),
        "crlf.txt": b"a\r\nb\xff\r\n",
        "*": "a name that looks like a pattern\n",
        "deep/er/ü.txt": "",
    }
    repo = build(tmp_path / "new" / "repo", files)
    modes = listing(repo)
    assert set(modes) == set(files)
    assert (modes["run.sh"], modes["link"], modes["crlf.txt"]) == ("100755", "120000", "100644")
    blob = subprocess.run(["git", "cat-file", "-p", "HEAD:crlf.txt"], cwd=repo, capture_output=True)
    assert blob.stdout == b"a\r\nb\xff\r\n"
    assert git(repo, "status", "--porcelain", "--ignored") == ""


def test_a_name_outside_utf8_can_be_built(tmp_path: Path) -> None:
    """Git's names are bytes; Python's escaped form of them works."""
    name = os.fsdecode(b"caf\xe9.txt")
    assert list(listing(build(tmp_path, {name: "x"}))) == [name]


def test_the_same_files_give_the_same_commit(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No configuration, variable or clock of the person takes part."""
    first = build(tmp_path / "a", {"x": "1\n"})
    (home / ".gitconfig").write_text("[user]\nname = Else\n[core]\nautocrlf = true\n")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Else")
    second = build(tmp_path / "b", {"x": "1\n"})
    ids = [commit(repo, {"x": "2\n"}, "Change x") for repo in (first, second)]
    assert ids[0] == ids[1] == git(second, "rev-parse", "HEAD").strip()


def test_commits_follow_each_other_by_a_minute(tmp_path: Path) -> None:
    """Changes, deletions and a kind that changes are committed, in an order that dates show."""
    repo = build(tmp_path, {"a": "1", "b": "1", "c": "1"})
    commit(repo, {"a": "2", "b": None, "c": Entry(symlink_to="a")}, "Second")
    commit(repo, {"c": None, "a/inner": "now a folder", "a": None, "d": ""}, "Third")
    assert listing(repo) == {"a/inner": "100644", "d": "100644"}
    assert listing(repo, "HEAD~1") == {"a": "100644", "c": "120000"}
    dates = git(repo, "log", "--format=%ct").split()
    assert [int(d) - repositories.EPOCH for d in dates] == [120, 60, 0]


def test_planted_hooks_do_not_run_in_the_builder(tmp_path: Path) -> None:
    """A canary that a test plants is not woken by the test's own building."""
    repo = build(tmp_path / "repo", {"a": "1"})
    canary = tmp_path / "canary"
    hook = repo / ".git" / "hooks" / "post-commit"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch '{canary}'\n")
    hook.chmod(0o755)
    git(repo, "config", "core.fsmonitor", f"touch '{canary}'; false")
    commit(repo, {"a": "2"}, "Second")
    assert not canary.exists()
    git(repo, "status")
    assert canary.exists()


def test_without_files_the_branch_is_unborn(tmp_path: Path) -> None:
    """`build(folder, {})` is a repository before its first commit, which can follow."""
    repo = build(tmp_path, {})
    with pytest.raises(Internal, match="HEAD"):
        git(repo, "rev-parse", "--verify", "HEAD")
    assert git(repo, "symbolic-ref", "HEAD").strip() == "refs/heads/main"
    commit(repo, {"a": "1"}, "First")
    assert list(listing(repo)) == ["a"]


def test_the_sample_fails_in_one_test_for_a_real_reason(tmp_path: Path) -> None:
    """Its own runner says which, and the natural repair turns it green."""
    repo = repositories.sample(tmp_path)
    before = unittest_run(repo)
    assert "FAILED (failures=1)" in before
    assert "FAIL: test_a_span_inside_a_longer_one_does_not_shorten_it" in before
    module = repo / "daybook" / "intervals.py"
    text = module.read_text()
    assert text.count("(merged[-1][0], end)") == 1
    module.write_text(text.replace("[0], end)", "[0], max(merged[-1][1], end))"))
    assert unittest_run(repo).endswith("OK\n")
    assert "merge()" in SAMPLE_TASK
    assert git(repo, "status", "--porcelain").split() == ["M", "daybook/intervals.py"]


def test_the_samples_readme_shows_what_happens(tmp_path: Path) -> None:
    """The transcript in it is a doctest that passes."""
    repo = repositories.sample(tmp_path)
    command = [sys.executable, "-m", "doctest", "README.md"]
    env = {**os.environ, "PYTHONPATH": str(repo)}
    subprocess.run(command, cwd=repo, env=env, check=True, capture_output=True)


def unittest_run(repo: Path) -> str:
    command = [sys.executable, "-B", "-m", "unittest"]
    return subprocess.run(command, cwd=repo, capture_output=True, text=True).stderr


def test_a_big_repository_is_clean_and_always_the_same(tmp_path: Path) -> None:
    """As many modules as asked for, one commit, nothing to commit."""
    first, second = (repositories.big(tmp_path / name, 120) for name in "ab")
    assert sum(path.endswith(".py") for path in listing(first)) == 120
    assert git(first, "status", "--porcelain") == ""
    assert git(first, "rev-parse", "HEAD") == git(second, "rev-parse", "HEAD")


def test_synthetic_modules_compile_and_their_imports_exist() -> None:
    """The code is Python of realistic length, and its symbol graph has no loose end."""
    texts = {path: text for path, text in synthetic.files(150) if path.endswith(".py")}
    edges = 0
    for path, text in texts.items():
        compile(text, path, "exec")
        assert 40 <= text.count("\n") <= 130
        for line in text.splitlines():
            if line.startswith("from ") and " as " in line:
                _, module, _, name, *_ = line.split()
                assert f"def {name}(" in texts[f"src/{module.replace('.', '/')}.py"]
                edges += 1
    assert edges > 100
