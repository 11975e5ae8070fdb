"""A reply widens the plan by a line of its own, with a path and a reason."""

from __future__ import annotations

import pytest

from gitagent.domain.edit import WriteFile
from gitagent.domain.plan import Also
from gitagent.edits.parse import parse

KNOWN = {"src/a.py": "x = 1\n", "b.py": "y = 1\n"}
A, B = Also("src/a.py", "it calls b"), Also("b.py", "it calls b")


@pytest.mark.parametrize(
    ("line", "also"),
    [
        ("PLAN: also src/a.py because it calls b", (A,)),
        ("**PLAN:** also `src/a.py` because it calls b", (A,)),
        ("- `PLAN: also src/a.py because it calls b`", (A,)),
        ("plan: Also src/a.py, since it calls b", (A,)),
        ("PLAN: also src/a.py - it calls b", (A,)),
        ("PLAN: also src/a.py and b.py because it calls b", (A, B)),
        ("PLAN: also new/x.go because it calls b", (Also("new/x.go", "it calls b"),)),
        ("PLAN: also ../x because it calls b", (Also("../x", "it calls b"),)),
        ("PLAN: also src/a.py because it \u202ecalls\u200b b", (A,)),
    ],
)
def test_a_line_with_path_and_reason_widens_the_plan(line: str, also: tuple[Also, ...]) -> None:
    """As it was asked for, or nearly so; what may not be seen is not in the reason."""
    found = parse(f"{line}\n\nb.py\n```python\ny = 2\n```\n", KNOWN)
    assert found.also == also
    assert found.edits == (WriteFile("b.py", "y = 2\n"),)
    assert found.problems == ()


@pytest.mark.parametrize(
    "line",
    [
        "PLAN: also src/a.py",
        "PLAN: also src/a.py because …",
        "PLAN: also some words because they are there",
        "PLAN: src/a.py because it calls b",
        "The plan: also think of src/a.py because it calls b",
        "PLAN: also " + "src/a.py, " * 500 + "because",
    ],
)
def test_anything_else_is_prose(line: str) -> None:
    """A path without a reason, a reason without a path."""
    assert parse(line, KNOWN).also == ()


def test_what_stands_in_a_file_widens_nothing() -> None:
    """Only what the model itself says, not what it writes into a file."""
    text = "# PLAN: also src/a.py because it calls b\nPLAN: also b.py because of it\n"
    found = parse(f"b.py\n```python\n{text}```\n", KNOWN)
    assert found.also == ()
    assert found.edits == (WriteFile("b.py", text),)
