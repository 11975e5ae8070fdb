"""Characters that nobody sees are named when an edit brings them in."""

from __future__ import annotations

import pytest

from gitagent.edits.text import smuggled


@pytest.mark.parametrize(
    ("char", "words"),
    [
        ("\u202e", "U+202E RIGHT-TO-LEFT OVERRIDE (bidirectional control)"),
        ("\u2066", "U+2066 LEFT-TO-RIGHT ISOLATE (bidirectional control)"),
        ("\U000e0041", "U+E0041 TAG LATIN CAPITAL LETTER A (tag character)"),
        ("\u200b", "U+200B ZERO WIDTH SPACE (zero-width character)"),
        ("\ufeff", "U+FEFF ZERO WIDTH NO-BREAK SPACE (zero-width character)"),
    ],
)
def test_a_new_invisible_character_is_named_with_its_line(char: str, words: str) -> None:
    """By code point, name and line."""
    assert smuggled("a\nb\n", f"a\nb{char}\n") == [f"line 2: {words}"]


def test_old_invisible_characters_are_left_alone() -> None:
    """Also in lines that moved or changed otherwise, and as a byte order mark."""
    assert smuggled("\ufeffa\u200bb\nc\n", "\ufeffnew\nc\na\u200bB\n") == []


def test_a_second_one_is_new() -> None:
    """One that was there does not excuse another."""
    assert len(smuggled("a\u200b\n", "a\u200b\nb\u200b\n")) == 1
