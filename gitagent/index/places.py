"""Where in a text its terms are: how often in each window of so many lines.

Where the words of a task stand together, it is more likely about that than where they are spread
over a long file.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from gitagent.index.stored import decoded
from gitagent.index.terms import NAMES_KEPT, WORD, split

if TYPE_CHECKING:
    import msgspec

LINES = 40
"""Lines of a window. What is stored is counted by it: another number is another version of it."""
MOST = 2**16 - 1

NAME = "\0"
"""What a name is told from a term by, while both are counted."""

_KIND = "H"


@dataclass(frozen=True)
class Places:
    """The terms of a text by window, as packed pairs of window and count, and its whole names.

    `lengths` are the numbers of terms in each window; the first has the lines 1 to LINES, the last
    ends with the text, which has `lines`.
    """

    terms: Mapping[str, bytes] = field(default_factory=dict)
    names: Mapping[str, int] = field(default_factory=dict)
    lengths: Sequence[int] = ()
    lines: int = 0

    @property
    def length(self) -> int:
        """How many terms there are, which is the document's length for BM25."""
        return sum(self.lengths)

    def counts(self) -> dict[str, int]:
        """How often each term occurs in the whole text."""
        return {term: _sum(packed) for term, packed in self.terms.items()}

    def span(self, window: int) -> tuple[int, int]:
        """The first and the last line of a window, 1-based."""
        return window * LINES + 1, max(1, min((window + 1) * LINES, self.lines))

    def windows(self, asked: Collection[str]) -> Iterator[tuple[int, dict[str, int]]]:
        """The windows that have one of these terms, each with how often."""
        found: dict[int, dict[str, int]] = {}
        for term in asked:
            if packed := self.terms.get(term):
                pairs = _unpacked(packed)
                for window, count in zip(pairs[::2], pairs[1::2], strict=True):
                    found.setdefault(window, {})[term] = count
        yield from sorted(found.items())


def counted(text: bytes) -> Places:
    """The places of all terms of a text in UTF-8."""
    lines = text.split(b"\n")
    pairs: defaultdict[str, bytes] = defaultdict(bytes)
    lengths: list[int] = []
    known = _SPLIT.__getitem__
    for window, start in enumerate(range(0, min(len(lines), LINES * MOST), LINES)):
        words = WORD.findall(b"\n".join(lines[start : start + LINES]))
        # all that is done once for each word is done by the interpreter's own loops
        counts = Counter(chain.from_iterable(map(known, words)))
        here = _number(window)
        once = here + _number(1)
        length = 0
        for term, count in counts.items():
            pairs[term] += once if count == 1 else here + _number(count)
            if term[0] != NAME:
                length += count
        lengths.append(length)
    terms = {term: packed for term, packed in pairs.items() if term[0] != NAME}
    names = {term[1:]: _sum(packed) for term, packed in pairs.items() if term[0] == NAME}
    return Places(terms, names, lengths, len(lines) - (not lines[-1]))


class _Splits(dict[bytes, tuple[str, ...]]):
    """The terms of each word that was met, and its names, marked."""

    def __missing__(self, word: bytes) -> tuple[str, ...]:
        if len(self) >= NAMES_KEPT:
            self.clear()
        terms, names = split(word)
        found = self[word] = (*terms, *(NAME + name for name in names))
        return found


_SPLIT = _Splits()


def _sum(packed: bytes) -> int:
    """All counts of a term; most have one window."""
    return packed[2] | packed[3] << 8 if len(packed) == 4 else sum(_unpacked(packed)[1::2])


@cache
def _number(number: int) -> bytes:
    return min(number, MOST).to_bytes(2, "little")


def encode(places: Places) -> bytes:
    """All but the names, which are kept in postings alone."""
    return _encoder().encode((places.terms, places.lengths, places.lines))


def decode(data: bytes) -> Places:
    """What `encode` made, without the names."""
    terms, lengths, lines = decoded(_decoder(), data)
    return Places(terms, {}, lengths, lines)


def _unpacked(packed: bytes) -> array[int]:
    found = array(_KIND)
    found.frombytes(packed)
    return _little(found)


def _little(numbers: array[int]) -> array[int]:
    """Little-endian on every machine, because a database is shared."""
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


@cache
def _encoder() -> msgspec.msgpack.Encoder:
    import msgspec

    return msgspec.msgpack.Encoder()


@cache
def _decoder() -> msgspec.msgpack.Decoder[tuple[dict[str, bytes], list[int], int]]:
    import msgspec

    return msgspec.msgpack.Decoder(tuple[dict[str, bytes], list[int], int])
