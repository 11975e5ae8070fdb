"""Which words of a task are names of code."""

from __future__ import annotations

import time

import pytest

from gitagent.edits import mentions


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Fix metric(0) crash.", {"metric"}),
        ("Add `section_names(self)` to the class IniConfig", {"section_names", "IniConfig"}),
        ("TTLCache.expire() returns pairs", {"TTLCache", "expire"}),
        ("TTLCache.timer is wrong", {"TTLCache"}),
        ("Handle None in _DescriptorBase.", {"_DescriptorBase"}),
        ("Change to_roman in src/roman_numbers/__init__.py and a_b.py", {"to_roman"}),
        ("Add more words. Nothing Here is code", set()),
    ],
)
def test_names_are_marked_or_shaped_as_no_word_is(text: str, names: set[str]) -> None:
    """Backticks, parentheses, underscores and inner capitals tell; a path is no name."""
    assert mentions.in_code(text) == names


def test_the_other_words_of_some_length_are_plain() -> None:
    """They may be names or not."""
    assert mentions.plain("Fix topk to `work` in a_b.py") == {"topk"}


def test_what_is_marked_keeps_its_order() -> None:
    """The first is what a sentence is about."""
    assert mentions.marked("Let `b` call a() and `b`") == ["b", "a"]


def test_paths_are_what_has_a_slash_or_a_files_extension() -> None:
    """An attribute and a call are none."""
    text = "In src/a.py, ./b.md and Makefile.am/x: self.total, Basket.add() and setup.cfg."
    assert mentions.paths(text) == ["src/a.py", "./b.md", "Makefile.am/x", "setup.cfg."]


@pytest.mark.parametrize("text", ["a" * 200_000, "a_" * 100_000, "a." * 100_000, "A/" * 100_000])
def test_long_texts_are_read_in_no_time(text: str) -> None:
    """A task may be a whole log; nothing here goes back over it again and again."""
    began = time.process_time()
    mentions.in_code(text), mentions.plain(text), mentions.paths(text)
    assert time.process_time() - began < 2
