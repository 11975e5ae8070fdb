"""What a reply wants to see, in whatever form it says so."""

from __future__ import annotations

import pytest

from gitagent.domain.context import Span
from gitagent.edits.lookups import LONGEST, TALK, Lookup, lookups, spoken

READ = Lookup("read", "src/a.py", Span(10, 40))


@pytest.mark.parametrize(
    "reply",
    [
        "READ: src/a.py:10-40",
        "read: `src/a.py:10-40`",
        "- **READ:** src/a.py:10-40",
        "1. READ: src/a.py lines 10-40",
        "READ: src/a.py#L10-L40",
        "I need to see more.\n\nREAD: src/a.py:10-40",
        "```\nREAD: src/a.py:10-40\n```",
        '```json\n[{"read": "src/a.py:10-40"}]\n```',
        '[{"tool": "read", "arguments": {"path": "src/a.py", "start": 10, "end": 40}}]',
        '{"name": "read", "path": "src/a.py", "start": 10, "end": 40}',
        "<think>SEARCH: not this</think>\nREAD: src/a.py:10-40",
    ],
)
def test_a_look_up_is_understood_in_the_forms_that_models_write(reply: str) -> None:
    """A line, a list item, JSON; what is thought is not said."""
    assert lookups(reply) == (READ,)


def test_all_four_kinds_are_there() -> None:
    """Each with its words, its path or its name, and each once."""
    reply = (
        "SEARCH: round a price\nREAD: a.py\nSYMBOLS: Shop.price\nREFERENCES: `price`\nREAD: a.py"
    )
    assert lookups(reply) == (
        Lookup("search", "round a price"), Lookup("read", "a.py"),
        Lookup("symbols", "Shop.price"), Lookup("references", "price"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "reply",
    [
        "It rounds half up (a.py:3).",
        "",
        "SEARCH:",
        "Read the file a.py.",
        f"It rounds half up. {'Really. ' * TALK}\nSEARCH: more",
        '{"answer": "it rounds"}',
        "[1, 2]",
    ],
)
def test_an_answer_is_no_look_up(reply: str) -> None:
    """Nor is one that happens to name something to be searched for."""
    assert lookups(reply) == ()


def test_what_is_said_beside_look_ups_is_told_apart() -> None:
    """An answer that still asks loses those lines and nothing else."""
    assert spoken("It is so.\n\nSEARCH: x\n\nAnd so.") == "It is so.\n\nAnd so."


def test_a_look_up_has_a_bounded_length() -> None:
    """It goes to an index and into the next prompt."""
    (found,) = lookups(f"SEARCH: {'x' * 10 * LONGEST}")
    assert len(found.what) == LONGEST
