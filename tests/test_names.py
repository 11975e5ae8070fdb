"""Branch names: what people write becomes what git takes, or it is refused."""

from __future__ import annotations

import re
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitagent.errors import UsageError
from gitagent.names import LONGEST_SLUG, branch_name, check_branch, slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fix the Ünicode bug!", "fix-the-unicode-bug"),
        ("$(touch x)", "touch-x"),
        ("--upload-pack=evil", "upload-pack-evil"),
        ("\u3000\u3000", "task"),
        ("修复这个错误", "task"),
        ("", "task"),
        ("a/../b\n.lock", "a-b-lock"),
        ("word " * 100, "word-word-word-word-word-word-word-word"),
        ("x" * 500, "x" * LONGEST_SLUG),
    ],
)
def test_a_text_becomes_a_slug(text: str, expected: str) -> None:
    """Lower case, letters, digits and hyphens, whole words, short."""
    assert slug(text) == expected


@given(st.text(max_size=600))
def test_any_text_becomes_a_slug_that_git_takes(text: str) -> None:
    """Never empty, never long, never anything that a shell or a file system could mistake."""
    made = slug(text)
    assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", made)
    assert len(made) <= LONGEST_SLUG
    assert branch_name(text, "abc123") == f"agent/{made}-abc123"


def git_takes(name: str) -> bool:
    done = subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False)
    return done.returncode == 0


@settings(max_examples=120, deadline=None)
@given(st.text("aZ0-_./@{~^: ü", min_size=0, max_size=8))
@example("a.lock/b")
@example("a.lock")
@example("a..b")
@example("a/")
@example("-a")
@example("a\n")
def test_a_branch_that_is_taken_is_one_that_git_takes(name: str) -> None:
    """What passes the check is a valid ref under `agent/`; all else is wrong usage."""
    try:
        checked = check_branch(name)
    except UsageError:
        return
    assert checked.startswith("agent/")
    assert git_takes(checked)


@pytest.mark.parametrize("name", ["fix", "agent/fix", "Fix_it-2", "a/b.c", "v1.2"])
def test_usual_names_are_taken(name: str) -> None:
    """Names that people choose stay as they are, under `agent/`."""
    assert check_branch(name) == "agent/" + name.removeprefix("agent/")


@pytest.mark.parametrize("name", ["", "agent/", "x" * 300, "../main", "a b", "a.lock/b", "é"])
def test_other_names_are_wrong_usage(name: str) -> None:
    """Found before anything is spent."""
    with pytest.raises(UsageError):
        check_branch(name)
