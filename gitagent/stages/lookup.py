"""From what a model asks for to lines of the tree: searches, reads, definitions, uses.

What it names comes out of a reply and leads nowhere but to files that may be shown; what cannot be
found is said in one line, so that it is not asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gitagent.domain.ask import Place
from gitagent.domain.code import Definition
from gitagent.domain.context import Span
from gitagent.edits.lookups import Lookup
from gitagent.library import Library
from gitagent.ports import Index

MOST_HITS, HITS_SHOWN, SPANS_SHOWN = 10, 4, 3
MOST_LINES, FIRST_LINES = 300, 60
MOST_DEFINITIONS, DEFINITIONS_SHOWN, SHORT_DEFINITION = 40, 4, 120
MOST_MENTIONS = 30
LONGEST = 200


@dataclass(frozen=True)
class Found:
    """What a look-up came to: `said` in a line, `lines` in which those of `seen` stand, `places` to
    be shown."""

    lookup: Lookup
    said: str
    lines: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    seen: tuple[Place, ...] = ()

    @property
    def text(self) -> str:
        """As a model reads it, without the places."""
        return "\n".join([f"{self.lookup} → {self.said}", *(f"  {line}" for line in self.lines)])


def look_up(library: Library, index: Index, lookup: Lookup) -> Found:
    """What one look-up leads to."""
    match lookup.kind:
        case "search":
            return _search(library, index, lookup)
        case "read":
            return _read(library, lookup)
        case "symbols":
            return _symbols(library, index, lookup)
        case "references":
            return _references(library, index, lookup)


def _search(library: Library, index: Index, lookup: Lookup) -> Found:
    hits = index.search(library.tree, lookup.what, MOST_HITS)
    hits = [hit for hit in hits if hit.path in library.files]
    if not hits:
        return Found(lookup, "nothing has these words")
    places = [
        Place(hit.path, span)
        for hit in hits[:HITS_SHOWN]
        for span in hit.spans[:SPANS_SHOWN] or (Span(1, FIRST_LINES),)
    ]
    more = [hit.path for hit in hits[HITS_SHOWN:]]
    lines = (f"also: {', '.join(more)}",) if more else ()
    return Found(lookup, _files(len(hits)), lines, _within(library, places))


def _read(library: Library, lookup: Lookup) -> Found:
    path = library.meant(lookup.what)
    if not path:
        return Found(lookup, _nothing_there(library, lookup.what))
    count = library.count(path)
    if not count:
        return Found(lookup, f"{path} has no text")
    wanted = lookup.span or Span(1, count)
    if wanted.start > count:
        return Found(lookup, f"{path} has {count} lines")
    last = min(wanted.end, count, wanted.start + MOST_LINES - 1)
    cut = f", of which {last - wanted.start + 1} are shown" if last < min(wanted.end, count) else ""
    place = Place(path, Span(wanted.start, last))
    return Found(lookup, f"{path} has {count} lines{cut}", (), (place,))


def _symbols(library: Library, index: Index, lookup: Lookup) -> Found:
    if path := library.meant(lookup.what):
        outline = index.outline(library.tree, path)
        said = f"{path} defines {len(outline)} names" if outline else f"{path}: nothing is known"
        return Found(lookup, said, _listed(library, outline))
    defined = index.definitions(library.tree, lookup.what, MOST_DEFINITIONS)
    defined = [each for each in defined if each.path in library.files]
    if not defined:
        return Found(lookup, "nothing here is called so")
    places = [
        Place(each.path, Span(each.span.start, min(each.span.end, _last(each.span))))
        for each in defined[:DEFINITIONS_SHOWN]
    ]
    said = f"defined {len(defined)} times" if len(defined) > 1 else "defined once"
    return Found(lookup, said, _listed(library, defined), _within(library, places))


def _references(library: Library, index: Index, lookup: Lookup) -> Found:
    mentions = index.references(library.tree, lookup.what, MOST_MENTIONS)
    mentions = [each for each in mentions if each.path in library.files]
    if not mentions:
        return Found(lookup, "no line uses it")
    lines = tuple(
        f"{each.path}:{each.line}: {_line(library, each.path, each.line)}" for each in mentions
    )
    places = (Place(each.path, Span(each.line, each.line)) for each in mentions)
    said = "1 line uses it" if len(mentions) == 1 else f"{len(mentions)} lines use it"
    return Found(lookup, said, lines, (), _within(library, places))


def _listed(library: Library, defined: Sequence[Definition]) -> tuple[str, ...]:
    lines = [
        f"{d.path}:{d.span.start}-{d.span.end} {d.kind} {d.qualified}: "
        f"{library.hide(d.signature)[:LONGEST]}"
        for d in defined[:MOST_DEFINITIONS]
    ]
    return tuple(lines)


def _line(library: Library, path: str, line: int) -> str:
    """Out of the file itself, where secrets are known by what stands around them."""
    lines = library.lines(path)
    return lines[line - 1].strip()[:LONGEST] if 0 < line <= len(lines) else ""


def _within(library: Library, places: Iterable[Place]) -> tuple[Place, ...]:
    """The places as far as their files go."""
    found = []
    for place in places:
        end = min(place.span.end, library.count(place.path))
        if 1 <= place.span.start <= end:
            found.append(Place(place.path, Span(place.span.start, end)))
    return tuple(found)


def _last(span: Span) -> int:
    return span.start + SHORT_DEFINITION - 1


def _nothing_there(library: Library, path: str) -> str:
    """A file that is not shown is not there for a model, so nothing tells the two apart."""
    name = path.rpartition("/")[2]
    near = [each for each in library.paths if name and each.rpartition("/")[2] == name]
    return f"there is no such file; {', '.join(near[:3])}?" if near else "there is no such file"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
