"""Faults of time and of the connection: the answer is good, but slow, silent or broken off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitagent.testing.chaos.fault import Case
from gitagent.testing.chaos.rewire import end_of_text, streamed
from gitagent.testing.protocol import Head, Part, Pause, Reset, Wire

COMMENT = b": keep-alive\n\n"
PIECES = 16
HEARTBEATS = 10


def slow_start(good: Sequence[Part], case: Case) -> Wire:
    """Nothing comes for a while, not even the status; then all of it."""
    return [Pause(case.times.slow), *good]


def drip(good: Sequence[Part], case: Case) -> Iterator[Part]:
    """The answer comes whole, in many small pieces with a pause before each."""
    parts = [piece for part in good for piece in _pieces(part, whole=streamed(good))]
    for part in parts:
        if isinstance(part, bytes):
            yield Pause(case.times.slow / len(parts))
        yield part


def idle(good: Sequence[Part], case: Case) -> Iterator[Part]:
    """The answer stops in its middle; only signs of life follow, until the connection is closed."""
    sign = COMMENT if streamed(good) else b" "
    yield from _beginning(good, case)
    for _ in range(HEARTBEATS):
        yield Pause(case.times.silent / HEARTBEATS)
        yield sign


def stall(good: Sequence[Part], case: Case) -> Iterator[Part]:
    """The answer stops in its middle, and nothing at all follows until the connection is closed."""
    yield from _beginning(good, case)
    yield Pause(case.times.silent)


def cut(good: Sequence[Part], case: Case) -> Wire:
    """The answer ends in its middle, the connection in good order."""
    return _beginning(good, case)


def cut_reset(good: Sequence[Part], case: Case) -> Wire:
    """The answer ends in its middle with a reset of the connection."""
    return [*_beginning(good, case), Reset()]


def close(_good: Sequence[Part], _case: Case) -> Wire:
    """The request is read and the connection closed, without a byte."""
    return []


def reset(_good: Sequence[Part], _case: Case) -> Wire:
    """The request is read and the connection reset, without a byte."""
    return [Reset()]


def _beginning(good: Sequence[Part], case: Case) -> list[Part]:
    """Some of the answer, never its end: of a stream some events, of a document half."""
    if streamed(good):
        end = end_of_text(good)
        return list(good[: case.dice.randint(min(3, end), end)])
    return [part[: len(part) // 2] if isinstance(part, bytes) else part for part in good]


def _pieces(part: Part, *, whole: bool) -> list[Part]:
    """An event stays what it is; a document falls into pieces."""
    if isinstance(part, Head | Pause | Reset) or whole:
        return [part]
    size = max(1, len(part) // PIECES)
    return [part[start : start + size] for start in range(0, len(part), size)]
