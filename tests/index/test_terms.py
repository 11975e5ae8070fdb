"""Words of different form meet where they mean the same, and only there."""

from __future__ import annotations

import pytest

from gitagent.index.terms import name, stem, terms


@pytest.mark.parametrize(
    "words",
    [
        ("parse", "parses", "parsed", "parsing", "parser", "parsers"),
        ("query", "queries"),
        ("class", "classes"),
        ("map", "mapping", "mapped"),
        ("normalize", "normalization"),
    ],
)
def test_forms_of_a_word_have_one_stem(words: tuple[str, ...]) -> None:
    """An ending says how a word is used, not what it is about."""
    assert len({stem(word) for word in words}) == 1


@pytest.mark.parametrize("pair", [("status", "state"), ("bus", "bu"), ("this", "thi")])
def test_words_that_only_end_alike_stay_apart(pair: tuple[str, str]) -> None:
    """Not every s at the end is a plural."""
    assert stem(pair[0]) != stem(pair[1])


def test_a_name_is_its_words_and_the_same_in_every_spelling() -> None:
    """The parts are terms; the whole is a name, whatever joins it."""
    assert terms("ensureSync") == terms("ensure_sync") == terms("Ensure sync")
    assert name("ensureSync") == name("ensure_sync") == name("EnsureSync") == "ensuresync"
