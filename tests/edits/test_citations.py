"""Places that an answer names are held against the tree."""

from __future__ import annotations

import time

import pytest

from gitagent.domain.ask import Source
from gitagent.domain.context import Span
from gitagent.edits.citations import MARK, Cited, checked

PATHS = ("src/calc.py", "README", "docs/a b.md", "a/one.py", "b/one.py")
LINES = 10


def cited(text: str) -> Cited:
    return checked(text, PATHS, lambda _path: LINES, lambda _path, span: span.start < LINES)


@pytest.mark.parametrize(
    "said",
    [
        "see src/calc.py:2-3.",
        "(`src/calc.py:2-3`)",
        "**src/calc.py:2-3**",
        "[src/calc.py:2–3](x)",
        "src/calc.py#L2-L3",
        "src/calc.py:L2-L3",
        "./src/calc.py:2-3",
        "calc.py:2-3",
        "`src/calc.py` lines 2-3",
        "src/calc.py (lines 2-3)",
        "lines 2 to 3 of src/calc.py.",
        "lines 2-3 in `src/calc.py`",
    ],
)
def test_a_place_is_known_in_the_forms_that_models_write(said: str) -> None:
    """The path may be the only one that ends so."""
    found = cited(said)
    assert found == Cited(said, (Source("src/calc.py", Span(2, 3)),), ())


@pytest.mark.parametrize(
    "place", ["src/calc.py:11", "src/calc.py:9-11", "src/calc.py:0", "lost.py:1"]
)
def test_what_is_not_there_is_marked(place: str) -> None:
    """A line behind the end, a span that is there in part, a file that nobody has."""
    found = cited(f"As {place} says")
    assert found == Cited(f"As {place}{MARK} says", (), (place,))


def test_what_is_marked_is_not_marked_again() -> None:
    """An answer is made from notes that were checked."""
    said = f"As lost.py:1{MARK} and (`lost.py:1{MARK}`) say"
    assert cited(said) == Cited(said, (), ("lost.py:1",))


@pytest.mark.parametrize(
    "text",
    [
        "at 12:30 o'clock",
        "http://localhost:8080/x.py:3",
        "localhost:8080 and 127.0.0.1:80",
        "ratio 3:4, key:5",
        "line 3 of the loop",
    ],
)
def test_what_is_no_place_is_left_alone(text: str) -> None:
    """Times, addresses and ratios are not marked."""
    assert cited(text) == Cited(text, (), ())


def test_a_path_that_may_be_two_is_none() -> None:
    """Which of two is meant would be a guess."""
    assert cited("one.py:3").unfound == ("one.py:3",)
    assert cited("a/one.py:3").sources == (Source("a/one.py", Span(3, 3)),)


def test_each_place_is_named_once_and_in_order() -> None:
    """With whether the model had seen it."""
    found = cited("README:10, src/calc.py:1, README:10")
    assert found.sources == (
        Source("README", Span(10, 10), shown=False), Source("src/calc.py", Span(1, 1)),
    )  # fmt: skip


@pytest.mark.parametrize("piece", ["%", "a.", "`a`", "lines 1 of ", "a:1", "./", "line 1 to "])
def test_no_answer_keeps_us_for_long(piece: str) -> None:
    """Whatever a model repeats thousands of times; what grows faster than that takes minutes."""
    began = time.monotonic()
    cited(piece * (30_000 // len(piece)))
    assert time.monotonic() - began < 5
