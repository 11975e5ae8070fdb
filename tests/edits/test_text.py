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
        ("\ufe03", "U+FE03 VARIATION SELECTOR-4 (variation selector)"),
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


@pytest.mark.parametrize("text", ["I \u2764\ufe0f it\n", "1\ufe0f\u20e3\n", "\u845b\ufe00\n"])
def test_a_selector_that_shows_is_none_of_them(text: str) -> None:
    """Behind a heart, a digit or an ideograph it says which picture is meant."""
    assert smuggled("", text) == []


@pytest.mark.parametrize("text", ["a\ufe0f\n", "\ufe01\n", "\u2764\ufe0f\ufe05\ufe06\n"])
def test_a_selector_that_shows_nothing_is(text: str) -> None:
    """Sixteen of them are an alphabet, in which whole programs were hidden."""
    assert smuggled("", text)
