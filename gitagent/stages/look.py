"""Answers what a model asks to see, out of a tree and its index, within so many tokens.

An ask that leads nowhere is answered by one line.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gitagent.domain.call import CHARACTERS_PER_TOKEN
from gitagent.domain.context import Excerpt, Span
from gitagent.domain.want import Seen, Sight, Want
from gitagent.packing.candidate import lines
from gitagent.stages import material
from gitagent.stages.lookup import Defined, Folder, Hits, Part, Used, look_up
from gitagent.stages.rounds import MOST_WANTS
from gitagent.stages.view import LISTED, Unseen, View

MOST_FILES = 8
LINES_OF_HIT = 4
SHORT = 60
"""Lines of the only definition of a name below which it is shown at once."""

Shown = Mapping[str, Excerpt]


@dataclass(frozen=True)
class _Answer:
    """One ask's: `lines` of which as many are told as fit, or a part of a file."""

    lines: Sequence[str] = ()
    seen: Seen | None = None


def look(
    view: View,
    wants: Sequence[Want],
    tokens: int,
    shown: Sequence[Excerpt] = (),
    answered: Collection[Want] = (),
) -> Sight:
    """The answers to asks, in their order and in `tokens` together; what one leaves, the next has.

    `shown` is what the model sees already, `answered` what it has asked before: small models ask
    the same again. No ask raises anything.
    """
    left = tokens * CHARACTERS_PER_TOKEN
    known = {excerpt.path: excerpt for excerpt in shown}
    told: list[str] = []
    seen: list[Seen] = []
    for n, want in enumerate(wants[:MOST_WANTS]):
        room = left // (len(wants[:MOST_WANTS]) - n)
        try:
            answer = AGAIN if want in answered else _answer(view, want, room, known)
        except Unseen as error:
            answer = _Answer([str(error)])
        heading = f"## {material.ask(want)}"
        said = "\n".join([heading, "", *_fitting(answer.lines, room), *_parts(answer.seen)])
        seen += [answer.seen] if answer.seen else []
        told.append(said)
        left = max(0, left - len(said))
    if further := len(wants) - MOST_WANTS:
        told += [f"{further} more asks were not answered."] if further > 0 else []
    return Sight("\n\n".join(told), tuple(seen))


AGAIN = _Answer(["You have asked this before; the answer stands above."])


def _fitting(lines: Sequence[str], room: int) -> list[str]:
    """As many lines as there is room for, and how many more there are."""
    kept: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < 0 and kept:
            break
        kept.append(line)
    more = len(lines) - len(kept)
    return [*kept, f"[{more} more lines]"] if more else kept


def _parts(seen: Seen | None) -> list[str]:
    return [material.file(seen.excerpt)] if seen else []


def _answer(view: View, want: Want, room: int, shown: Shown) -> _Answer:
    match look_up(view, want):
        case Hits(hits):
            best = [hit.path for hit in hits[:MOST_FILES]]
            having = (line for path in best for line in _lines_with(view, path, want.what))
            return _Answer([f"Best first: {', '.join(best)}", *having])
        case Defined([only], path="") if only.span.end - only.span.start < SHORT:
            return _answer(view, Want("read", only.path, (only.span,)), room, shown)
        case Defined(definitions):
            return _Answer([material.definition(each) for each in definitions])
        case Used(mentions):
            return _Answer([material.line(each.path, each.line, each.text) for each in mentions])
        case Folder(names):
            more = [f"[{len(names) - LISTED} more]"] if len(names) > LISTED else []
            return _Answer([*names[:LISTED], *more])
        case Part() as part:
            return _part(view, part, room, shown)


def _lines_with(view: View, path: str, asked: str) -> Iterable[str]:
    """The lines of a file that have most of the words."""
    try:
        text = lines(view.text(path))
    except Unseen:
        return
    words = {word.lower() for word in re.findall(r"\w{3,}", asked)}
    having = [(sum(word in line.lower() for word in words), -n) for n, line in enumerate(text, 1)]
    best = sorted(-n for count, n in sorted(having, reverse=True)[:LINES_OF_HIT] if count)
    yield from (material.line(path, n, text[n - 1]) for n in best)


def _part(view: View, part: Part, room: int, shown: Shown) -> _Answer:
    path, text, spans = part.path, part.text, part.spans
    if path in shown and shown[path].whole and shown[path].text == text:
        return _Answer([f"{path} is shown whole above."])
    if part.why_none:
        return _Answer([part.why_none])
    if not spans and len(text) <= room:
        return _Answer(seen=_seen(view, Excerpt(path, text, whole=True)))
    count = len(part.lines)
    outline = view.outline(path) if not spans else []
    if outline:
        said = f"{path} has {count} lines, too many to be shown; ask for those that you need."
        return _Answer([said, *(material.definition(each) for each in outline)])
    return _cut(view, path, part.lines, spans or (Span(1, count),), room)


def _cut(view: View, path: str, lines: Sequence[str], spans: Sequence[Span], room: int) -> _Answer:
    """The lines of spans, from the first on, as far as there is room."""
    kept: list[Span] = []
    for span in spans:
        end = span.start - 1
        while end < span.end and len(lines[end]) <= room:
            room -= len(lines[end])
            end += 1
        kept += [Span(span.start, end)] if end >= span.start else []
        if end < span.end:
            break
    if not kept:
        return _Answer([f"Line {spans[0].start} of {path} is too long to be shown."])
    text = "".join("".join(lines[span.start - 1 : span.end]) for span in kept)
    whole = kept == [Span(1, len(lines))]
    excerpt = Excerpt(path, text, whole=whole, spans=() if whole else tuple(kept))
    note = [] if tuple(kept) == tuple(spans) else [f"There was room up to line {kept[-1].end}."]
    return _Answer([f"{path} has {len(lines)} lines.", *note], _seen(view, excerpt))


def _seen(view: View, excerpt: Excerpt) -> Seen:
    """The part with the names of what is defined in it."""
    names = (
        d.name
        for d in view.outline(excerpt.path)
        if excerpt.whole
        or any(d.span.start <= s.end and s.start <= d.span.end for s in excerpt.spans)
    )
    return Seen(excerpt, frozenset(names))
