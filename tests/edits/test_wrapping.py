"""A fence around path and fence says nothing."""

from __future__ import annotations

import pytest

from gitagent.domain.edit import WriteFile
from gitagent.edits.parse import parse

INNER = "a/b.py\n```python\nx = 2\n```\n"


@pytest.mark.parametrize("reply", [f"```\n{INNER}", f"```\n{INNER}```\n", f"```\n{INNER}\n```\n\n"])
def test_an_outer_fence_is_left_out_closed_or_not(reply: str) -> None:
    """Small models write it when they are shown the format inside a fence."""
    proposal = parse(reply, {"a/b.py": "x = 1\n"})
    assert proposal.edits == (WriteFile("a/b.py", "x = 2\n"),)
    assert proposal.problems == ()


def test_a_fence_around_anything_else_stays() -> None:
    """Below a path it holds that file, which may well show a fence itself."""
    reply = "README.md\n```\nnot/known.py\n```python\nx\n```\n"
    assert WriteFile("not/known.py", "x\n") not in parse(reply, {"README.md": "x"}).edits
