"""A file that may be shown: what is known of it, and its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from gitagent.domain.code import Definition
from gitagent.domain.context import Span
from gitagent.packing.parts import Part, parts


@dataclass(frozen=True)
class Candidate:
    """`value` is how likely the file is what has to be seen, 0 to 1, beside the others; `spans`
    are the lines where an index found something."""

    path: str
    value: float
    text: str
    definitions: Sequence[Definition] = ()
    spans: Sequence[Span] = ()

    @cached_property
    def lines(self) -> list[str]:
        return lines(self.text)

    @cached_property
    def ends(self) -> list[int]:
        """How many characters there are up to the end of each line, 0 before the first."""
        return [0, *accumulate(map(len, self.lines))]

    @cached_property
    def parts(self) -> list[Part]:
        return parts(self.lines, self.definitions)

    def size(self, span: Span) -> int:
        return self.ends[min(span.end, len(self.lines))] - self.ends[span.start - 1]


def lines(text: str) -> list[str]:
    """The lines of a text with their ends; only LF ends one, as in git and in every index."""
    found = text.split("\n")
    last = found.pop()
    return [f"{line}\n" for line in found] + ([last] if last else [])
