"""The places of a text say how often each term is in it, and in which of its windows."""

from __future__ import annotations

import time
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gitagent.index.places import LINES, MOST, Places, counted, decode, encode
from gitagent.index.terms import split, terms, words

texts = st.lists(st.sampled_from(["cart", "parse_price", "größe", "the", "\n", "\n" * LINES, " "]))


def test_words_are_counted_over_all_names() -> None:
    """A word counts wherever it is a part; a whole name counts as itself."""
    found = counted(b"parse_price(price); Price")
    (parse, price) = terms("parse price")
    assert found.counts() == {parse: 1, price: 3}
    assert found.names == {"parseprice": 1}
    assert found.length == 4


def test_a_window_has_forty_lines() -> None:
    """The last line of one and the first of the next are apart, whatever ends the file."""
    lines = [b"x = 1"] * (3 * LINES)
    lines[LINES - 1] = lines[LINES] = b"zebra"
    found = counted(b"\n".join(lines))
    assert LINES == 40
    assert list(found.windows({"zebra"})) == [(0, {"zebra": 1}), (1, {"zebra": 1})]
    assert len(found.lengths) == 3


def test_windows_are_those_that_have_a_term_that_was_asked_for() -> None:
    """In order, each with its own counts, and no other term."""
    found = counted(b"cart\n" * LINES + b"\n" * LINES + b"cart price cart\n")
    (price,) = terms("price")
    assert list(found.windows({price, "cart", "absent"})) == [
        (0, {"cart": LINES}),
        (2, {"cart": 2, price: 1}),
    ]
    assert list(found.windows(())) == []


@given(texts)
def test_counts_add_up_to_the_texts(parts: list[str]) -> None:
    """What a text lists, its windows count, and so do the lengths."""
    text = " ".join(parts)
    found = counted(text.encode())
    there = Counter(terms(text))
    assert found.counts() == there
    assert found.length == there.total()
    by_window = Counter[str]()
    for number, counts in found.windows(there.keys()):
        assert found.lengths[number] == sum(counts.values())
        by_window.update(counts)
    assert by_window == there
    assert found.names == Counter(name for word in words(text) for name in split(word)[1])


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_are_counted(data: bytes) -> None:
    """No bytes break the counting, and what is stored comes back, but for the names."""
    found = counted(data)
    back = decode(encode(found))
    assert back == Places(found.terms, {}, found.lengths, found.lines)
    assert back.counts() == found.counts()
    assert len(found.lengths) == data.count(b"\n") // LINES + 1


def test_names_of_other_scripts_are_counted() -> None:
    """Splitting and folding of case hold outside of ASCII."""
    found = counted("größe_max Größe_Max ГРОССЕ_max 漢字 “Größe”".encode())
    assert found.names == {"größemax": 2, "гроссеmax": 1}
    assert found.counts() == {"größe": 3, "max": 3, "гроссе": 1, "漢字": 1}


def test_bytes_do_not_depend_on_the_machine() -> None:
    """Window, then count, the lowest byte first, because machines share a database."""
    assert counted(b"\n" * LINES + b"zebra " * 258).terms == {"zebra": b"\x01\0\x02\x01"}


def test_a_count_that_does_not_fit_is_the_largest_that_does() -> None:
    """No text of a person has a word so often in forty lines."""
    assert counted(b"zebra " * (MOST + 9)).counts() == {"zebra": MOST}


def test_the_end_of_an_endless_text_is_not_counted() -> None:
    """Windows have numbers of two bytes."""
    found = counted(b"\n" * (LINES * MOST) + b"zebra\n")
    assert len(found.lengths) == MOST
    assert found.counts() == {}


def test_one_line_of_a_megabyte_is_counted_in_time() -> None:
    """Linear in length, however few breaks there are."""
    started = time.process_time()
    counted(b"a" * 1_000_000 + b"_Aa9" * 250_000 + b"f(x);" * 200_000 + b"\xc3" * 500_000)
    assert time.process_time() - started < 5
