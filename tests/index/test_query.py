"""A task is read as what it asks for, and not as how tasks are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitagent.index import tuning
from gitagent.index.query import LONGEST_NAME, read
from gitagent.index.terms import terms


def test_a_task_loses_the_words_that_every_task_has() -> None:
    """That something is to be fixed does not say where."""
    assert list(read("Fix the cart when new items are added").terms) == terms("cart items")


def test_the_subject_counts_more_than_the_body() -> None:
    """The first line says it in a few words; a word of both has both weights."""
    found = read("Round prices\n\nPrices of parcels").terms
    (price, parcel) = terms("prices parcels")
    assert found[price] == tuning.SUBJECT + tuning.BODY
    assert found[parcel] == tuning.BODY


@pytest.mark.parametrize(
    "text",
    [
        "`render` is slow",
        "shop.render is slow",
        "render() is slow",
        "shop::render is slow",
    ],
)
def test_what_is_written_as_code_is_a_name(text: str) -> None:
    """In backticks, with a dot, called, or in the spelling of Rust."""
    found = read(text).names
    assert found["render"] == tuning.CODE_NAME
    assert found["slow"] == tuning.PLAIN_NAME


def test_neighbouring_words_may_be_one_name() -> None:
    """Who writes "ensure sync" may mean `ensure_sync`; a spelling that is there says more."""
    found = read("let ensure_sync and get ensure sync done").names
    assert found["ensuresync"] == tuning.CODE_NAME
    assert read("ensure sync done").names["syncdone"] == tuning.JOINED_NAME


@pytest.mark.parametrize("text", ["", " \n", "the and of", "\x00\x1b", "?!", "\udcff"])
def test_a_text_without_words_asks_for_nothing(text: str) -> None:
    """It is no error either."""
    assert read(text).terms == {}


@given(st.text())
def test_any_text_can_be_asked(text: str) -> None:
    """Weights are above zero, and no name is longer than a name can be."""
    found = read(text)
    assert all(weight > 0 for weight in (*found.terms.values(), *found.names.values()))
    assert all(len(name) <= LONGEST_NAME for name in found.names)
