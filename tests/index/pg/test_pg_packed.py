"""Numbers come out as they went in, and documents turned round say the same."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gitagent.index.pg.packed import BITS, LONGEST_TERM, MOST, inverted, packed, unpacked

terms = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(1, 10**6))


@given(st.lists(st.integers(0, 2**32 - 1)))
def test_numbers_come_back(numbers):
    """What was packed is unpacked."""
    assert list(unpacked(packed(numbers))) == numbers


def test_bytes_do_not_depend_on_the_machine():
    """The lowest byte comes first, because machines share a database."""
    assert packed([1, 256]) == b"\x01\0\0\0\0\x01\0\0"


@given(st.lists(terms))
def test_inversion_says_the_same(documents):
    """Every term of every document, with its count as far as it fits, and nothing else."""
    found = inverted((n, {"text": fields}) for n, fields in enumerate(documents))
    said = Counter()
    for (_, term), postings in found.items():
        said.update({(posting >> BITS, term): posting & MOST for posting in postings})
    there = {(n, t): min(c, MOST) for n, terms_ in enumerate(documents) for t, c in terms_.items()}
    assert said == there


def test_what_cannot_be_a_key_is_left_out():
    """Empty and endless terms, NUL, and bytes that are no text."""
    bad = {"": 1, "x" * (LONGEST_TERM + 1): 1, "a\0b": 1, "\udcff": 1}
    found = inverted([(1, {"text": {**bad, "größe": 2}})])
    assert list(found) == [("text", "größe")]
