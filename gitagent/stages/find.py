"""What a look-up for a question comes to: lines that tell where things stand, and places to show.

An answer has to cite, so all that is seen has its path and the number of its line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gitagent.domain.ask import Place
from gitagent.domain.code import Definition, Mention
from gitagent.domain.context import Hit, Span
from gitagent.domain.want import Want
from gitagent.library import Library
from gitagent.stages import material
from gitagent.stages.lookup import Defined, Folder, Hits, Part, Used, look_up
from gitagent.stages.view import LISTED, Unseen, View

MOST_HITS, HITS_SHOWN, SPANS_SHOWN = 10, 4, 3
MOST_LINES, FIRST_LINES = 300, 60
DEFINITIONS_SHOWN, SHORT_DEFINITION = 4, 120


@dataclass(frozen=True)
class Found:
    """What a look-up came to: `said` in a line, `lines` in which those of `seen` stand, `places` to
    be shown."""

    want: Want
    said: str
    lines: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    seen: tuple[Place, ...] = ()

    @property
    def text(self) -> str:
        """As a model reads it, without the places."""
        heading = f"{material.ask(self.want)} → {self.said}"
        return "\n".join([heading, *(f"  {line}" for line in self.lines)])


def find(view: View, library: Library, want: Want) -> Found:
    """What one look-up leads to, in files of the library; none raises anything."""
    try:
        lead = look_up(view, want)
    except Unseen as error:
        return Found(want, str(error))
    match lead:
        case Hits(hits):
            return _hits(library, want, hits[:MOST_HITS])
        case Defined(definitions, path):
            return _defined(library, want, definitions, path)
        case Used(mentions):
            return _used(library, want, mentions)
        case Folder(names):
            return Found(want, _many(len(names), "entry", "entries"), tuple(names[:LISTED]))
        case Part():
            return _part(library, want, lead)


def _hits(library: Library, want: Want, hits: Sequence[Hit]) -> Found:
    places = [
        Place(hit.path, span)
        for hit in hits[:HITS_SHOWN]
        for span in hit.spans[:SPANS_SHOWN] or (Span(1, FIRST_LINES),)
    ]
    more = [hit.path for hit in hits[HITS_SHOWN:]]
    lines = (f"also: {', '.join(more)}",) if more else ()
    return Found(want, _many(len(hits), "file", "files"), lines, _within(library, places))


def _defined(library: Library, want: Want, defined: Sequence[Definition], path: str) -> Found:
    # hidden before it is cut: half a secret is not known as one
    veiled = (replace(each, signature=library.hide(each.signature)) for each in defined)
    lines = tuple(map(material.definition, veiled))
    if path:
        return Found(want, f"{path} defines {_many(len(defined), 'name', 'names')}", lines)
    places = (
        Place(each.path, Span(start, min(each.span.end, start + SHORT_DEFINITION - 1)))
        for each in defined[:DEFINITIONS_SHOWN]
        if (start := each.span.start)
    )
    said = f"defined {len(defined)} times" if len(defined) > 1 else "defined once"
    return Found(want, said, lines, _within(library, places))


def _used(library: Library, want: Want, mentions: Sequence[Mention]) -> Found:
    """Each line out of its file, where secrets are known by what stands around them."""
    seen = _within(library, (Place(each.path, Span(each.line, each.line)) for each in mentions))
    lines = (
        material.line(path, n, library.lines(path)[n - 1])
        for path, n in ((place.path, place.span.start) for place in seen)
    )
    said = f"{_many(len(seen), 'line uses', 'lines use')} it"
    return Found(want, said, tuple(lines), (), seen)


def _part(library: Library, want: Want, part: Part) -> Found:
    count = library.count(part.path)
    if part.why_none or not count:
        return Found(want, part.why_none or f"{part.path} is no text.")
    wanted = _within(library, (Place(part.path, s) for s in part.spans or (Span(1, count),)))
    places = [
        Place(part.path, Span(p.span.start, min(p.span.end, p.span.start + MOST_LINES - 1)))
        for p in wanted
    ]
    shown = sum(place.span.end - place.span.start + 1 for place in places)
    cut = f", of which {shown} are shown" if tuple(places) != wanted else ""
    return Found(want, f"{part.path} has {_many(count, 'line', 'lines')}{cut}", (), tuple(places))


def _within(library: Library, places: Iterable[Place]) -> tuple[Place, ...]:
    """The places as far as their files go."""
    found = []
    for place in places:
        end = min(place.span.end, library.count(place.path))
        if 1 <= place.span.start <= end:
            found.append(Place(place.path, Span(place.span.start, end)))
    return tuple(found)


def _many(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"
