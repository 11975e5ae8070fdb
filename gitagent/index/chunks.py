"""Cuts a file along its syntax into spans that are worth reading, or embedding, by themselves.

Every line is in exactly one chunk. A definition stays whole where it is short enough, goes along
with its neighbours where it is tiny, and is cut along what it holds where it is long; then each
part says what it is in by the signatures around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gitagent.index.facts import Symbol

SHORTEST, LONGEST = 20, 120
"""In lines. The last chunk of a file or of a long definition may be shorter."""
_INNER = ("field", "constant")


@dataclass(frozen=True)
class Chunk:
    """Lines `start` to `end`, 1-based and inclusive; `around` has the signatures they are in."""

    start: int
    end: int
    around: tuple[str, ...] = ()

    @property
    def lines(self) -> int:
        return self.end - self.start + 1


def chunks(text: bytes, defs: Sequence[Symbol]) -> tuple[Chunk, ...]:
    """A readable text in chunks, by what it defines; nothing where it is empty.

    `defs` are as in Facts, in the order of their first lines.
    """
    lines = text.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    spans = [_Span(max(d.line, 1), min(d.end, len(lines)), d.signature) for d in _telling(defs)]
    spans = [span for span in spans if span.start <= span.end]
    return tuple(_cut(lines, 1, len(lines), spans, ()))


@dataclass(frozen=True)
class _Span:
    start: int
    end: int
    signature: str


def _telling(defs: Sequence[Symbol]) -> list[Symbol]:
    """Those that are worth a boundary; a field is part of what it is a field of."""
    return [symbol for symbol in defs if symbol.kind not in _INNER]


def _cut(
    lines: list[bytes], first: int, last: int, spans: Sequence[_Span], around: tuple[str, ...]
) -> list[Chunk]:
    """Lines `first` to `last` in chunks, given the definitions that lie within."""
    if last < first:
        return []
    if last - first < LONGEST:
        return [Chunk(first, last, around)]
    found: list[Chunk] = []
    at = first
    for span, inner in _outermost(spans, first, last):
        start = max(at, _with_what_leads(lines, span.start, at))
        if span.end - start < LONGEST:
            _add(found, lines, at, start - 1, around)
            _add(found, lines, start, span.end, around)
        else:
            _add(found, lines, at, start - 1, around)
            found += _cut_long(lines, start, span, inner, around)
        at = span.end + 1
    _add(found, lines, at, last, around)
    return _merged(found)


def _cut_long(
    lines: list[bytes],
    start: int,
    span: _Span,
    inner: Sequence[_Span],
    around: tuple[str, ...],
) -> list[Chunk]:
    parts = _cut(lines, start, span.end, inner, (*around, span.signature))
    # the first part has the signature itself
    return [Chunk(parts[0].start, parts[0].end, around), *parts[1:]]


def _outermost(spans: Sequence[_Span], first: int, last: int) -> list[tuple[_Span, list[_Span]]]:
    """The definitions that no other holds, each with those it holds; overlaps are left out."""
    found: list[tuple[_Span, list[_Span]]] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if span.start < first or span.end > last:
            continue
        if found and span.start <= found[-1][0].end:
            outer = found[-1][0]
            if span.end <= outer.end and (span.start, span.end) != (outer.start, outer.end):
                found[-1][1].append(span)
        else:
            found.append((span, []))
    return found


def _with_what_leads(lines: list[bytes], start: int, lowest: int) -> int:
    """Comments, decorators and attributes stand right above what they belong to."""
    while start > lowest and lines[start - 2].strip():
        start -= 1
    return start


def _add(
    found: list[Chunk], lines: list[bytes], first: int, last: int, around: tuple[str, ...]
) -> None:
    """Lines without a definition, cut at blank lines where they are many."""
    while last - first >= LONGEST:
        cut = _blank(lines, first + SHORTEST, first + LONGEST - 1)
        found.append(Chunk(first, cut, around))
        first = cut + 1
    if first <= last:
        found.append(Chunk(first, last, around))


def _blank(lines: list[bytes], lowest: int, highest: int) -> int:
    """The last blank line there, or `highest` where there is none."""
    blank = (n for n in range(highest, lowest - 1, -1) if not lines[n - 1].strip())
    return next(blank, highest)


def _merged(found: list[Chunk]) -> list[Chunk]:
    """Neighbours together, while one of them is too short to say much by itself."""
    merged: list[Chunk] = []
    for chunk in found:
        before = merged[-1] if merged else None
        if (
            before
            and min(before.lines, chunk.lines) < SHORTEST
            and before.lines + chunk.lines <= LONGEST
            and before.around == chunk.around
        ):
            merged[-1] = Chunk(before.start, chunk.end, chunk.around)
        else:
            merged.append(chunk)
    return merged
