"""Where in a text the secrets stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from gitagent.redaction.plausible import distinctive

MOST = 256
"""A text is searched for so many secrets one by one; more of them are a list of keys."""


@dataclass(frozen=True, order=True)
class Span:
    """The characters from `start` up to `end`, and what kind of secret they are."""

    start: int
    end: int
    kind: str


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order, those that overlap as one, of the kind of the longest part."""
    joined: list[Span] = []
    longest = 0
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        size = span.end - span.start
        if not joined or span.start >= joined[-1].end:
            joined.append(span)
            longest = size
            continue
        last = joined[-1]
        kind = span.kind if size > longest else last.kind
        joined[-1] = Span(last.start, max(last.end, span.end), kind)
        longest = max(size, longest)
    return joined


def occurrences(text: str, value: str, kind: str) -> Iterator[Span]:
    """Everywhere that a value stands in a text, overlapping itself or not."""
    at = text.find(value)
    while at >= 0:
        yield Span(at, at + len(value), kind)
        at = text.find(value, at + 1)


def elsewhere(text: str, known: Mapping[str, str]) -> Iterator[Span]:
    """Where the known secrets, each with its kind, stand without what gave them away."""
    for value, kind in islice(known.items(), MOST):
        if distinctive(value):
            yield from occurrences(text, value, kind)


def replaced(text: str, spans: Iterable[Span], said: Callable[[Span], str]) -> str:
    """The text with what `said` says in the place of each span."""
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], said(span)]
        at = span.end
    return "".join([*parts, text[at:]])
