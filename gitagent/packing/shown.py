"""The text of an excerpt, out of the file that it is of: a log keeps only where to look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gitagent.domain.context import Excerpt, Span
from gitagent.edits.docstrings import shortened
from gitagent.edits.source import parsed
from gitagent.packing.candidate import lines


def text_of(excerpt: Excerpt, content: str) -> str:
    """What an excerpt shows of its file: no more lines than that has, whatever a log says."""
    if excerpt.whole:
        return content
    all_lines = lines(content)
    spans = tuple(_as_many(excerpt.spans, len(all_lines)))
    if excerpt.shortened and (source := parsed(excerpt.path, content)):
        return shortened(source, spans)
    return "".join("".join(all_lines[span.start - 1 : span.end]) for span in spans)


def _as_many(spans: Iterable[Span], most: int) -> Iterator[Span]:
    """The first spans, as long as they are together no longer."""
    left = most
    for span in spans:
        left -= max(0, min(span.end, most) - span.start + 1)
        if left < 0:
            return
        yield span
