"""Words of different form meet where they mean the same, and only there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitagent.index.terms import (
    LONGEST_WORD,
    STEM,
    listed,
    name,
    pieces,
    split,
    stem,
    terms,
    words,
)


@pytest.mark.parametrize(
    "forms",
    [
        ("parse", "parses", "parsed", "parsing", "parser", "parsers"),
        ("query", "queries"),
        ("class", "classes"),
        ("map", "mapping", "mapped"),
        ("normalize", "normalization"),
    ],
)
def test_forms_of_a_word_have_one_stem(forms: tuple[str, ...]) -> None:
    """An ending says how a word is used, not what it is about."""
    assert len({stem(word) for word in forms}) == 1


@pytest.mark.parametrize("pair", [("status", "state"), ("bus", "bu"), ("this", "thi")])
def test_words_that_only_end_alike_stay_apart(pair: tuple[str, str]) -> None:
    """Not every s at the end is a plural."""
    assert stem(pair[0]) != stem(pair[1])


@pytest.mark.parametrize("word", ["größen", "цены", "naïves", "漢字"])
def test_words_of_other_scripts_are_their_own_stem(word: str) -> None:
    """The endings are English."""
    assert stem(word) == word


@pytest.mark.parametrize(
    ("written", "parts", "wholes"),
    [
        ("parse_price", ["parse", "price"], ["parseprice"]),
        ("ParsePrice", ["parse", "price"], ["parseprice"]),
        ("HTTPServer2", ["http", "server"], ["httpserver2"]),
        ("utf8_decode", ["utf", "decode"], ["utf8decode"]),
        ("__init__", ["init"], []),
        ("price", ["price"], []),
        ("404", ["404"], []),
        ("x1", [], ["x1"]),
        ("x", [], []),
        ("the", [], []),
        ("Größe", ["größe"], []),
        ("größe_max", ["größe", "max"], ["größemax"]),
        ("цена_max", ["цена", "max"], ["ценаmax"]),
        ("“quoted”", ["quoted"], []),
        ("don’t—stop", ["don", "stop"], []),
    ],
)
def test_a_name_is_its_words_and_itself(written: str, parts: list[str], wholes: list[str]) -> None:
    """camelCase, snake_case, numbers, other scripts and typographic punctuation."""
    found = [split(word) for word in words(written)]
    assert [term for terms_, _ in found for term in terms_] == [stem(part) for part in parts]
    assert [each for _, names in found for each in names] == wholes


def test_a_name_is_the_same_in_every_spelling() -> None:
    """The parts are terms; the whole is a name, whatever joins it."""
    assert terms("ensureSync") == terms("ensure_sync") == terms("Ensure sync")
    assert name("ensureSync") == name("ensure_sync") == name("EnsureSync") == "ensuresync"


def test_encoded_data_is_no_word() -> None:
    """Keys, hashes and base64 are longer than names."""
    assert terms("ab" * (LONGEST_WORD // 2)) != []
    assert terms("A" * (LONGEST_WORD + 1) + " cart") == ["cart"]


@pytest.mark.parametrize("file", ["function_words.txt", "task_words.txt"])
def test_words_that_say_nothing_are_whole_words_in_lower_case(file: str) -> None:
    """A list holds what a name is split into; an entry of another form would never be met."""
    assert listed(file)
    assert {word for word in listed(file) if pieces(word.encode()) not in ((word,), ())} == set()


@given(st.from_regex("[a-z]{1,12}(ization|ingly|sses|ies|ers|ed|s|e|y)?", fullmatch=True))
def test_a_stem_begins_as_its_word_does(word: str) -> None:
    """Paths are looked through by these letters."""
    assert stem(word)[:STEM] == word[:STEM]
    assert len(stem(word)) >= min(STEM, len(word))


@given(st.text())
def test_any_text_has_terms_and_names_that_can_be_looked_up(text: str) -> None:
    """Never empty, in lower case, and found again when they are split themselves."""
    for word in words(text):
        found, names = split(word)
        assert all(term and term == term.lower() for term in found)
        assert all(len(each) > 1 and name(each) == each for each in names)


@given(st.binary())
def test_any_bytes_are_split(data: bytes) -> None:
    """What is no UTF-8 breaks nothing."""
    found, names = split(data)
    assert all((*found, *names))
