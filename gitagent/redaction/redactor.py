"""Hides the secrets of a text.

What was replaced may bring two parts of a text together that are a secret only now, so a text is
looked through until nothing more is found; hiding twice is therefore the same as hiding once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gitagent.redaction import assignments, blocks, environment, marks, shapes
from gitagent.redaction.plausible import distinctive
from gitagent.redaction.spans import Span, elsewhere, merged, occurrences, replaced
from gitagent.redaction.veil import Veil, veil


@dataclass(frozen=True)
class Redactor:
    """Knows the values that are secret here and the shapes that are secret everywhere.

    `sure_only` leaves out what is known only by the words around it.
    """

    values: frozenset[str] = field(default=frozenset(), repr=False)
    sure_only: bool = False

    @classmethod
    def of(cls, environ: Mapping[str, str], known: Iterable[str] = ()) -> Redactor:
        """`known` are further values that are secret, whatever their variables are called."""
        return cls(environment.secrets(environ)).also(*known)

    def also(self, *known: str) -> Redactor:
        """Knows further values, whatever their variables are called."""
        further = (
            form for value in known if distinctive(value) for form in environment.forms(value)
        )
        return replace(self, values=self.values | frozenset(further))

    @property
    def sure(self) -> Redactor:
        """Without guesses, for text that goes on to be used and must not be hurt."""
        return replace(self, sure_only=True)

    def hide(self, text: str) -> str:
        """The text with `[redacted …]` in the place of each secret, wherever it stands in it."""
        while spans := self._everywhere(text):
            text = replaced(text, spans, lambda span: marks.mark(span.kind))
        return text

    def veil(self, texts: Sequence[str]) -> Veil:
        """The texts with numbered placeholders, which can be lifted from a reply."""
        return veil(texts, self.find)

    def find(self, text: str) -> list[Span]:
        """The secrets of a text, in order; what is hidden already is none."""
        return merged(marks.apart(text, self._raw(text)))

    def _everywhere(self, text: str) -> list[Span]:
        """What gives itself away at one place is hidden at the others, too."""
        spans = self.find(text)
        known = {text[s.start : s.end]: s.kind for s in spans}
        return merged([*spans, *marks.apart(text, elsewhere(text, known))])

    def _raw(self, text: str) -> Iterator[Span]:
        for value in self.values:
            yield from occurrences(text, value, environment.KIND)
        for start, end, kind in blocks.found(text):
            yield Span(start, end, kind)
        for start, end, kind in shapes.found(text, sure=self.sure_only):
            yield Span(start, end, kind)
        if not self.sure_only:
            for start, end, kind in assignments.found(text):
                yield Span(start, end, kind)
