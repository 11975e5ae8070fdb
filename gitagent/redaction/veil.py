"""Placeholders for the secrets of a prompt, and the way back.

A model that is shown `key = "REDACTED_SECRET_1"` copies that line into its edit; what it stands for
is put back before the edit is applied, so the file keeps its key and the provider never had it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from gitagent.redaction import marks
from gitagent.redaction.spans import Span, elsewhere, merged, replaced

Find = Callable[[str], list[Span]]
_PIECE = re.compile(r"\S(?:[^\r\n]*\S)?")
_DIGITS = re.compile(r"[0-9]*")


@dataclass(frozen=True)
class Veil:
    """Texts without their secrets; `originals` maps each placeholder to what it stands for."""

    texts: tuple[str, ...]
    originals: dict[str, str] = field(repr=False)

    def lift(self, text: str) -> str:
        """The secrets back in their places; a placeholder that stands for nothing stays."""
        return marks.tokens().sub(lambda m: self.originals.get(m[0], m[0]), text)

    def name(self, text: str) -> str:
        """The kind of each secret in its place, for text that needs no more: a plan, a title."""
        return marks.tokens().sub(self._named, text)

    def _named(self, match: re.Match[str]) -> str:
        return marks.named(match[0]) if match[0] in self.originals else match[0]


def veil(texts: Sequence[str], find: Find) -> Veil:
    """The same secret has one placeholder in all texts, and is hidden wherever it stands in them.

    The numbers follow the order of the texts, so that the same texts give the same placeholders.
    """
    names = _Names(texts)
    known: dict[str, str] = {}
    veiled = list(texts)
    while True:
        found = [list(_pieces(text, find(text))) for text in veiled]
        for text, spans in zip(veiled, found, strict=True):
            known |= {text[s.start : s.end]: s.kind for s in spans}
        found = [_to_replace(text, spans, known) for text, spans in zip(veiled, found, strict=True)]
        if not any(found):
            return Veil(tuple(veiled), names.originals)
        veiled = [
            replaced(text, spans, lambda s, text=text: names.of(text[s.start : s.end], s.kind))  # type: ignore[misc]
            for text, spans in zip(veiled, found, strict=True)
        ]


class _Names:
    """Gives out placeholders, none that stands in a text by itself."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.originals: dict[str, str] = {}
        self._given: dict[str, str] = {}
        self._taken = {name for text in texts for name in _standing(text)}

    def of(self, secret: str, kind: str) -> str:
        if secret not in self._given:
            free = (marks.token(kind, n) for n in count(1))
            name = next(name for name in free if name not in self._taken)
            self._taken.add(name)
            self._given[secret], self.originals[name] = name, secret
        return self._given[secret]


def _standing(text: str) -> Iterator[str]:
    """What a text has of our placeholders, also as others may read their numbers."""
    for match in marks.tokens().finditer(text):
        stem = match[0].rstrip("0123456789")
        yield from (match[0][:end] for end in range(len(stem) + 1, len(match[0]) + 1))


def _pieces(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """Line by line, without indentation: a block keeps its lines, and so a diff its shape."""
    for span in spans:
        for piece in _PIECE.finditer(text, span.start, span.end):
            yield Span(*piece.span(), span.kind)


def _to_replace(text: str, spans: Iterable[Span], known: dict[str, str]) -> list[Span]:
    apart = merged([*spans, *marks.apart(text, elsewhere(text, known))])
    return merged(Span(s.start, _with_digits(text, s.end), s.kind) for s in apart)


def _with_digits(text: str, end: int) -> int:
    """A digit that follows would be read as one of the placeholder's number."""
    return _DIGITS.match(text, end).end()  # type: ignore[union-attr]
