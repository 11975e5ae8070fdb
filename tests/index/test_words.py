"""A name is found by each of its words and by itself."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitagent.index.words import LONGEST_WORD, asked, counted, listed


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("parse_price", ["parse", "price", "parse_price"]),
        ("ParsePrice", ["parse", "price", "parseprice"]),
        ("HTTPServer2", ["http", "server", "httpserver2"]),
        ("__init__", ["init"]),
        ("price", ["price"]),
        ("x", []),
        ("the", []),
        ("404", ["404"]),
        ("utf8_decode", ["utf", "decode", "utf8_decode"]),
        ("größe", ["größe"]),
        ("größe_max", ["größe", "max", "größe_max"]),
        ("цена", ["цена"]),
        ("“quoted”", ["quoted"]),
        ("don’t—stop", ["don", "stop"]),
    ],
)
def test_a_name_is_its_words_and_itself(name: str, words: list[str]) -> None:
    """camelCase, snake_case, numbers, other scripts and typographic punctuation."""
    assert listed(name) == words


def test_words_are_counted_over_all_names() -> None:
    """A word counts wherever it is a part."""
    assert counted(b"parse_price(price); Price") == {"parse": 1, "price": 3, "parse_price": 1}


def test_a_task_loses_the_words_that_every_task_has() -> None:
    """That something is to be fixed does not say where."""
    assert asked("Fix the cart when new items are added") == ["cart", "items"]


def test_encoded_data_is_no_word() -> None:
    """Keys, hashes and base64 are longer than names."""
    assert counted(b"A" * (LONGEST_WORD + 1) + b" name") == {"name": 1}


def test_one_line_of_a_megabyte_is_counted_in_time() -> None:
    """Linear in length, however few breaks there are."""
    started = time.monotonic()
    counted(b"a" * 1_000_000 + b"_Aa9" * 250_000 + b"f(x);" * 200_000 + b"\xc3" * 500_000)
    assert time.monotonic() - started < 5


@given(st.text())
def test_a_text_counts_what_it_lists(text: str) -> None:
    """The list for a query and the counts of a file are of the same words."""
    words = listed(text)
    data = text.encode(errors="replace")
    assert counted(data) == {word: words.count(word) for word in words}


@given(st.binary())
def test_any_bytes_are_counted(data: bytes) -> None:
    """No bytes break the counting; words are in lower case and never empty."""
    assert all(word and word == word.lower() for word in counted(data))
