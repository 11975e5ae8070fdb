"""What a weak model is shown: a file or two, and of a long one only what the task is about.

It writes back what it sees, slowly; so imports and long docstrings are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gitagent.domain.context import Excerpt, Hit, Span
from gitagent.edits.outline import outline
from gitagent.edits.source import parsed
from gitagent.packing.candidate import Candidate
from gitagent.packing.pack import telling
from gitagent.packing.shown import text_of

WHOLE_SHARE = 0.6
LONGEST_CUT = 9000
FIRST_LINES = 60


def brief(
    found: Sequence[tuple[Hit, Candidate]],
    about: str,
    characters: int,
    *,
    largest: int,
    meant: Sequence[str],
) -> tuple[Excerpt, ...]:
    """Whole files where they are small or meant, else what the text is about, best first."""
    left, packed = characters, []
    for hit, candidate in found:
        roomy = hit.path in meant or left < characters / 2
        if len(candidate.text) <= min(left if roomy else left * WHOLE_SHARE, largest):
            excerpt = Excerpt(hit.path, candidate.text, whole=True)
        else:
            excerpt = _cut(candidate, about, min(int(left * WHOLE_SHARE), LONGEST_CUT))
        if excerpt.text and len(excerpt.text) <= left:
            packed.append(excerpt)
            left -= len(excerpt.text) + len(hit.path)
    return tuple(packed)


def _cut(candidate: Candidate, about: str, characters: int) -> Excerpt:
    """The definitions that a text is about; of what has none, the lines around the hits."""
    path, text = candidate.path, candidate.text
    source = parsed(path, text) if path.endswith(".py") else None
    spans = outline(source, about, characters) if source else ()
    cut = bool(spans)
    if not spans and candidate.definitions:
        spans = telling(candidate, about, characters)
    spans = spans or tuple(candidate.spans) or (Span(1, min(len(candidate.lines), FIRST_LINES)),)
    excerpt = Excerpt(path, "", whole=False, spans=spans, shortened=cut)
    return replace(excerpt, text=text_of(excerpt, text))
