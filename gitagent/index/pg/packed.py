"""Lists of numbers as bytes, and documents turned round: which hold a term, instead of which terms.

Packed lists are read and written at the speed of memory, where a row or an array element for
each number would cost a microsecond. Little-endian on every machine, because a database is shared.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping

NUMBER, POSTING = "I", "Q"
BITS = 16
MOST = (1 << BITS) - 1
"""A posting is the number of a document times 2**16, plus how often it holds the term."""

LONGEST_TERM = 200
"""Characters; longer ones are no names, and an index row of Postgres holds 2,700 bytes."""

Key = tuple[str, str]
"""A field and a term."""


def packed(numbers: Iterable[int]) -> bytes:
    """Numbers below 2**32 as bytes."""
    return to_bytes(array(NUMBER, numbers))


def unpacked(data: bytes) -> array[int]:
    """What `packed` was given."""
    return from_bytes(data, NUMBER)


def inverted(
    documents: Iterable[tuple[int, Mapping[str, Mapping[str, int]]]],
) -> dict[Key, array[int]]:
    """By field and term: the postings. Terms that cannot be stored are left out."""
    found: dict[str, dict[str, array[int]]] = {}
    for number, fields in documents:
        first = number << BITS
        for field, terms in fields.items():
            _add(found.setdefault(field, {}), first, terms)
    return dict(_storable(found))


def storable(term: str) -> bool:
    """Whether a term can be a key: not empty, not endless, and text to Postgres."""
    if not term or len(term) > LONGEST_TERM or "\0" in term:
        return False
    # what stands for a byte that is no UTF-8
    return term.isascii() or not any("\ud800" <= c <= "\udfff" for c in term)


def to_bytes(numbers: array[int]) -> bytes:
    return _in_order(numbers).tobytes()


def from_bytes(data: bytes, kind: str) -> array[int]:
    """What `to_bytes` was given, an array of that kind."""
    numbers = array(kind)
    numbers.frombytes(data)
    return _in_order(numbers)


def _add(there: dict[str, array[int]], first: int, terms: Mapping[str, int]) -> None:
    for term, count in terms.items():
        posting = first | (count if count < MOST else MOST)
        try:
            there[term].append(posting)
        except KeyError:
            there[term] = array(POSTING, (posting,))


def _storable(found: Mapping[str, Mapping[str, array[int]]]) -> Iterator[tuple[Key, array[int]]]:
    for field, terms in found.items():
        for term, postings in terms.items():
            if storable(term):
                yield (field, term), postings


def _in_order(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers
