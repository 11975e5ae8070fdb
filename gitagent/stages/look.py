"""Answers what a model asks to see, out of a tree and its index, within so many tokens.

What it asks for is looked up among the files that may be shown, and nowhere else: a text in the
repository may have told it what to ask. An ask that leads nowhere is answered by one line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gitagent.domain.call import CHARACTERS_PER_TOKEN
from gitagent.domain.code import Definition
from gitagent.domain.context import Excerpt, Span
from gitagent.domain.want import Seen, Sight, Sort, Want
from gitagent.stages import material
from gitagent.stages.rounds import MOST_WANTS
from gitagent.stages.view import LISTED, Unseen, View

MOST_FILES, MOST_SYMBOLS, MOST_MENTIONS = 8, 40, 40
LINES_OF_HIT, LONGEST_LINE, LONGEST_ASK = 4, 160, 200
AROUND = 20
"""Lines before and after, where a single one is asked for."""
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
            answer = AGAIN if want in answered else ANSWERS[want.sort](view, want, room, known)
        except Unseen as error:
            answer = _Answer([str(error)])
        heading = f"## {material.one_line(str(want), LONGEST_ASK)}"
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


def _search(view: View, want: Want, _room: int, _shown: Shown) -> _Answer:
    hits = view.index.search(view.tree, want.what, 3 * MOST_FILES)
    best = [hit.path for hit in hits if hit.path in view.files][:MOST_FILES]
    if not best:
        return _Answer(["No file fits these words."])
    named = [f"Best first: {', '.join(best)}"]
    return _Answer([*named, *(line for path in best for line in _lines_with(view, path, want))])


def _lines_with(view: View, path: str, want: Want) -> Iterable[str]:
    """The lines of a file that have most of the words."""
    try:
        lines = view.text(path).splitlines()
    except Unseen:
        return
    words = {word.lower() for word in re.findall(r"\w{3,}", want.what)}
    having = [(sum(word in line.lower() for word in words), -n) for n, line in enumerate(lines, 1)]
    best = sorted(-n for count, n in sorted(having, reverse=True)[:LINES_OF_HIT] if count)
    yield from (_line(path, n, lines[n - 1]) for n in best)


def _symbols(view: View, want: Want, room: int, shown: Shown) -> _Answer:
    path = _as_path(view, want.what)
    if path is not None:
        found: Sequence[Definition] = view.outline(path)
        return _Answer(_listed(found) or [f"Nothing is known of what {path} defines."])
    found = view.index.definitions(view.tree, want.what, MOST_SYMBOLS)
    found = [each for each in found if each.path in view.files]
    if len(found) == 1 and found[0].span.end - found[0].span.start < SHORT:
        only = Want("read", found[0].path, (found[0].span,))
        return _read(view, only, room, shown)
    return _Answer(_listed(found) or [f"Nothing is called {want.what}; a search finds text."])


def _as_path(view: View, asked: str) -> str | None:
    """The file that is meant, where it is one; a name without slash or dot is none."""
    if "/" not in asked and "." not in asked and asked not in view.files:
        return None
    try:
        return view.path(asked)
    except Unseen:
        # `Class.method` has a dot, too
        if "/" in asked:
            raise
        return None


def _listed(definitions: Sequence[Definition]) -> list[str]:
    return [
        f"{d.path}:{d.span.start}-{d.span.end}: "
        + material.one_line(f"{d.scope}: {d.signature}" if d.scope else d.signature, LONGEST_LINE)
        for d in definitions
    ]


def _references(view: View, want: Want, _room: int, _shown: Shown) -> _Answer:
    found = view.index.references(view.tree, want.what, MOST_MENTIONS)
    lines = [_line(each.path, each.line, each.text) for each in found if each.path in view.files]
    return _Answer(lines or [f"Nothing is found that uses {want.what}; a search finds text."])


def _line(path: str, n: int, text: str) -> str:
    return f"{path}:{n}: {material.one_line(text, LONGEST_LINE)}"


def _read(view: View, want: Want, room: int, shown: Shown) -> _Answer:
    inside = None if want.what in view.files else view.folder(want.what)
    if inside is not None:
        more = [f"[{len(inside) - LISTED} more]"] if len(inside) > LISTED else []
        return _Answer([*inside[:LISTED], *more])
    path = view.path(want.what)
    text = view.text(path)
    if path in shown and shown[path].whole and shown[path].text == text:
        return _Answer([f"{path} is shown whole above."])
    if not text:
        return _Answer([f"{path} is empty."])
    lines = text.splitlines(keepends=True)
    spans = _spans(want.spans, len(lines))
    if want.spans and not spans:
        return _Answer([f"{path} has {len(lines)} lines."])
    if not spans and len(text) <= room:
        return _Answer(seen=_seen(view, Excerpt(path, text, whole=True)))
    outline = _listed(view.outline(path)) if not spans else []
    if outline:
        said = f"{path} has {len(lines)} lines, too many to be shown; ask for those that you need."
        return _Answer([said, *outline])
    return _cut(view, path, lines, spans or (Span(1, len(lines)),), room)


def _spans(asked: Sequence[Span], last: int) -> tuple[Span, ...]:
    """The lines that are there, in order; a single one with those around it."""
    found: list[Span] = []
    for span in sorted(asked, key=lambda span: span.start):
        margin = AROUND if span.start == span.end else 0
        start, end = max(1, span.start - margin), min(last, span.end + margin)
        if found and start <= found[-1].end + 1:
            found[-1] = Span(found[-1].start, max(end, found[-1].end))
        elif start <= end:
            found.append(Span(start, end))
    return tuple(found)


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


ANSWERS: Mapping[Sort, Callable[[View, Want, int, Shown], _Answer]] = {
    "search": _search,
    "read": _read,
    "symbols": _symbols,
    "references": _references,
}
