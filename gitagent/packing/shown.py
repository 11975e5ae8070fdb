"""The text of an excerpt, out of the file that it is of: a log keeps only where to look."""

from __future__ import annotations

from gitagent.domain.context import Excerpt
from gitagent.edits.docstrings import shortened
from gitagent.edits.source import parsed
from gitagent.packing.candidate import lines


def text_of(excerpt: Excerpt, content: str) -> str:
    """What an excerpt shows of its file."""
    if excerpt.whole:
        return content
    if excerpt.shortened and (source := parsed(excerpt.path, content)):
        return shortened(source, excerpt.spans)
    all_lines = lines(content)
    return "".join("".join(all_lines[span.start - 1 : span.end]) for span in excerpt.spans)
