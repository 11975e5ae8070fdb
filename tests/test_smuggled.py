"""What a reviewer cannot see comes in by no format, neither in a file nor in its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gitagent.edits.parse import parse
from gitagent.errors import Refused
from gitagent.git.repository import GitRepo
from gitagent.stages.apply import apply

TEXT = "x = 1\ny = 2\n"
FORMS = {
    "whole": "{path}\n```\nx = 1\n{line}\n```\n",
    "search-replace": "{path}\n```\n<<<<<<< SEARCH\ny = 2\n=======\n{line}\n>>>>>>> REPLACE\n```\n",
    "udiff": "```diff\n--- a/{path}\n+++ b/{path}\n@@ -1,2 +1,2 @@\n x = 1\n-y = 2\n+{line}\n```\n",
    "json": '{{"path": "{path}", "content": "x = 1\\n{line}\\n"}}',
}
CHARS = {
    "\u202e": "U+202E", "\u2066": "U+2066", "\u200f": "U+200F", "\u200b": "U+200B",
    "\u200d": "U+200D", "\u2060": "U+2060", "\ufeff": "U+FEFF", "\U000e0041": "U+E0041",
    "\u3164": "U+3164", "\ufe01": "U+FE01", "\U000e0100": "U+E0100",
}  # fmt: skip


@pytest.fixture
def applied(repo: Callable[..., Path]) -> Callable[[str], str]:
    real = GitRepo.open(repo({"a.py": TEXT, "b\u200b.py": TEXT}))
    tree = real.tree_of(real.resolve("HEAD"))

    def make(reply: str) -> str:
        proposal = parse(reply, {"a.py": TEXT})
        assert proposal.edits
        assert not proposal.problems
        return apply(real, tree, proposal)

    return make


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("char", CHARS)
def test_in_a_line(applied: Callable[[str], str], form: str, char: str) -> None:
    """Refused as a whole, and the character is named with its line."""
    named = re.escape(f"invisible characters into a.py: line 2: {CHARS[char]}")
    with pytest.raises(Refused, match=named):
        applied(FORMS[form].format(path="a.py", line=f"y = '{char}'"))


@pytest.mark.parametrize("form", ["whole", "udiff"])
@pytest.mark.parametrize("char", CHARS)
def test_in_a_name(applied: Callable[[str], str], form: str, char: str) -> None:
    """Of a new file, or of one that is there."""
    with pytest.raises(Refused):
        applied(FORMS[form].format(path=f"src/n{char}.py", line="y = 3"))


def test_as_what_a_file_is_renamed_to(applied: Callable[[str], str]) -> None:
    """A name is a name, wherever it stands."""
    for char in CHARS:
        with pytest.raises(Refused):
            applied(f"RENAME: a.py -> src/n{char}.py\n")


def test_a_file_with_such_a_name_is_not_edited(applied: Callable[[str], str]) -> None:
    """It is there, but what a reviewer reads would be another one."""
    with pytest.raises(Refused):
        applied(FORMS["whole"].format(path="b\u200b.py", line="y = 3"))
