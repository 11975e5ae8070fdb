"""Which lines of two versions are the same, in time that does not explode.

difflib alone is quadratic, and its way out (`autojunk`) forgets the commonest lines. So: common
ends first, then lines that occur once on both sides as anchors (as in a patience diff), and
difflib only for the small gaps between them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

Block = tuple[int, int, int]
"""`size` equal lines from index `i` of the old and index `j` of the new version: (i, j, size)."""

_SMALL = 250_000
_LARGE = 16_000_000


def equal_blocks(old: Sequence[str], new: Sequence[str]) -> list[Block]:
    """The runs of lines that stay, in order, none of them empty."""
    return [block for block in _blocks(old, new, 0, len(old), 0, len(new)) if block[2]]


def _blocks(
    old: Sequence[str], new: Sequence[str], i: int, i_end: int, j: int, j_end: int
) -> Iterator[Block]:
    head = 0
    while i + head < i_end and j + head < j_end and old[i + head] == new[j + head]:
        head += 1
    yield i, j, head
    i, j = i + head, j + head
    tail = 0
    while i < i_end - tail and j < j_end - tail and old[i_end - tail - 1] == new[j_end - tail - 1]:
        tail += 1
    i_end, j_end = i_end - tail, j_end - tail
    if i < i_end and j < j_end:
        yield from _middle(old, new, i, i_end, j, j_end)
    yield i_end, j_end, tail


def _middle(
    old: Sequence[str], new: Sequence[str], i: int, i_end: int, j: int, j_end: int
) -> Iterator[Block]:
    work = (i_end - i) * (j_end - j)
    anchors = [] if work <= _SMALL else _anchors(old, new, i, i_end, j, j_end)
    if not anchors:
        if work <= _LARGE:
            matcher = SequenceMatcher(None, old[i:i_end], new[j:j_end], autojunk=work > _SMALL)
            for a, b, size in matcher.get_matching_blocks():
                yield i + a, j + b, size
        return
    for a, b in anchors:
        if a >= i and b >= j:
            yield from _blocks(old, new, i, a, j, b)
            yield a, b, 1
            i, j = a + 1, b + 1
    yield from _blocks(old, new, i, i_end, j, j_end)


def _anchors(
    old: Sequence[str], new: Sequence[str], i: int, i_end: int, j: int, j_end: int
) -> list[tuple[int, int]]:
    """Lines that occur once on both sides, the longest run of them that keeps its order."""
    once = {line for line, count in Counter(old[i:i_end]).items() if count == 1}
    once &= {line for line, count in Counter(new[j:j_end]).items() if count == 1}
    where = {new[b]: b for b in range(j, j_end) if new[b] in once}
    return _increasing([(a, where[old[a]]) for a in range(i, i_end) if old[a] in once])


def _increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence whose second members rise."""
    tops: list[int] = []
    top_at: list[int] = []
    before: list[int] = []
    for n, (_, b) in enumerate(pairs):
        pile = bisect_left(tops, b)
        before.append(top_at[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [b]
        top_at[pile : pile + 1] = [n]
    chain: list[tuple[int, int]] = []
    n = top_at[-1] if top_at else -1
    while n >= 0:
        chain.append(pairs[n])
        n = before[n]
    return chain[::-1]
