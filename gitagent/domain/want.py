"""What a model asks to see before it answers, and what it was shown of that."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from gitagent.domain.context import Excerpt, Span

Sort = Literal["search", "read", "symbols", "references"]
SORTS: tuple[Sort, ...] = ("search", "read", "symbols", "references")
TO_THE_END = 1_000_000
"""The last line of a span that goes on to the end of its file."""
TELLING = 4
"""Letters of a name that says whose it is; shorter ones are everybody's."""


@dataclass(frozen=True)
class Want:
    """One ask: words to search for; a path to read, whole or the lines of `spans`; a name, or a
    path, whose definitions are wanted; a name whose uses are."""

    sort: Sort
    what: str
    spans: tuple[Span, ...] = ()

    def __str__(self) -> str:
        """The ask as a model may write it."""
        lines = ",".join(
            f"{span.start}-{'' if span.end == TO_THE_END else span.end}" for span in self.spans
        )
        return f"{self.sort.upper()}: {self.what}{':' if lines else ''}{lines}"


@dataclass(frozen=True)
class Seen:
    """A part of a file that a model was shown because it asked; `names` are defined in there."""

    excerpt: Excerpt
    names: frozenset[str] = frozenset()

    def is_used(self, text: str, paths: Collection[str] = ()) -> bool:
        """Whether what a model wrote, or the files that it means to change, have to do with it."""
        path = self.excerpt.path
        if path in paths or re.search(rf"(?<!\w){re.escape(PurePosixPath(path).name)}\b", text):
            return True
        return any(name in self.names for name in re.findall(rf"\w{{{TELLING},}}", text))


@dataclass(frozen=True)
class Sight:
    """The answers to the asks of one round: the text that the model is told, and the parts of
    files in it."""

    text: str
    seen: tuple[Seen, ...] = ()
