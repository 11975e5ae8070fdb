"""Everything that can be read, in parts that fit: notes on each, notes on notes, and the answer.

A part is known by what is in it: where the tree is cut in another way next time, no note in the log
is taken for that on another part.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from gitagent.domain.ask import LeftOut, Place
from gitagent.domain.call import Message, Reply, Request
from gitagent.domain.context import Span
from gitagent.edits import thinking
from gitagent.errors import EmptyReply
from gitagent.library import LONGEST_LINE, Library
from gitagent.ports import Model
from gitagent.stages.prompts import render

NOTE_TOKENS, NOTE_TOKENS_FOR_WEAK = 800, 200
MERGED_TOKENS, MERGED_TOKENS_FOR_WEAK = 1500, 500
ANSWER_TOKENS, ANSWER_TOKENS_FOR_WEAK = 2500, 350
AROUND_FILE = 40
"""Characters around the lines of a file, beside its path."""
ID_DIGITS = 40

_NOTHING = re.compile(r"\W*nothing\W*", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """Some lines of the tree; `id` follows from them and what they say, `size` is in characters."""

    places: tuple[Place, ...]
    id: str
    size: int

    @property
    def name(self) -> str:
        """From the first file to the last."""
        first, last = self.places[0].path, self.places[-1].path
        return first if first == last else f"{first} … {last}"


@dataclass(frozen=True)
class Note:
    """What was noted of some parts; `id` follows from theirs. An empty text is worth nothing."""

    text: str
    id: str
    cut: bool = False


WhyNot = Callable[[str, bytes], str]
"""Why a file is not worth reading, by its path and its content; empty where it is."""


def parts(
    library: Library, why_not: WhyNot, room: int
) -> tuple[tuple[Part, ...], tuple[LeftOut, ...]]:
    """All lines of the tree in parts of at most `room` characters, and what is left out."""
    left_out = list(library.left_out)
    made: list[Part] = []
    places: list[Place] = []
    size = 0
    for path in library.paths:
        data = library.data(path)
        if reason := why_not(path, data) or ("" if library.count(path) else "empty or binary"):
            left_out.append(LeftOut(path, reason))
            continue
        for place, length in _cut(path, data, room):
            if places and size + length > room:
                made.append(_part(library, places, size))
                places, size = [], 0
            places.append(place)
            size += length
    if places:
        made.append(_part(library, places, size))
    return tuple(made), tuple(left_out)


def halves(library: Library, part: Part) -> tuple[Part, ...]:
    """The part as two; none where it is a single line."""
    places = list(part.places)
    if len(places) > 1:
        middle = len(places) // 2
        cut = places[:middle], places[middle:]
    else:
        (place,) = places
        start, end = place.span.start, place.span.end
        if start == end:
            return ()
        at = (start + end) // 2
        cut = [Place(place.path, Span(start, at))], [Place(place.path, Span(at + 1, end))]
    return tuple(_part(library, some, part.size // 2) for some in cut)


def note_on(model: Model, library: Library, question: str, part: Part, n: int, of: int) -> Note:
    """What of a part, the `n`-th, helps to answer. Raises ContextOverflow where it is too long."""
    files = library.numbered(part.places)
    example = part.places[0].path
    prompt = "ask_part_weak" if model.profile.weak else "ask_part"
    content = render(prompt, files=files, question=question, n=str(n), of=str(of), example=example)
    most = NOTE_TOKENS_FOR_WEAK if model.profile.weak else NOTE_TOKENS
    note = _note(_asked(model, content, most, tree=part.id, step=n), part.id)
    return replace(note, text=f"From {part.name}:\n{note.text}") if note.text else note


def merged(model: Model, question: str, notes: Sequence[Note], step: int) -> Note:
    """Several notes as one, which is shorter."""
    made_of = _id("merged", *(note.id for note in notes))
    content = render("ask_merge", notes=_joined(notes), question=question)
    most = MERGED_TOKENS_FOR_WEAK if model.profile.weak else MERGED_TOKENS
    return _note(_asked(model, content, most, tree=made_of, step=step), made_of)


def concluded(model: Model, question: str, notes: Sequence[Note], step: int) -> Note:
    """The answer out of the notes on everything."""
    made_of = _id("answer", *(note.id for note in notes))
    said = _joined(notes) or "No part of it had anything that helps.\n"
    prompt = "ask_notes_weak" if model.profile.weak else "ask_notes"
    content = render(prompt, notes=said, question=question)
    most = ANSWER_TOKENS_FOR_WEAK if model.profile.weak else ANSWER_TOKENS
    reply = _asked(model, content, most, tree=made_of, step=step)
    text = thinking.without(reply.text).strip()
    if not text:
        raise EmptyReply(reply=reply)
    return Note(text, made_of, reply.cut)


def key(part: Part, n: int) -> str:
    """Under which the log has the question about a part."""
    return Request("ask", (), 1, step=n, tree=part.id).key


def _asked(model: Model, content: str, most: int, *, tree: str, step: int) -> Reply:
    messages = (Message("system", render("ask_system")), Message("user", content))
    return model.complete(Request("ask", messages, most, tree=tree, step=step))


def _note(reply: Reply, made_of: str) -> Note:
    text = thinking.without(reply.text).strip()
    return Note("" if _NOTHING.fullmatch(text) else text, made_of, reply.cut)


def _joined(notes: Sequence[Note]) -> str:
    return "\n\n".join(note.text for note in notes if note.text)


def _cut(path: str, data: bytes, room: int) -> Iterator[tuple[Place, int]]:
    """A file in pieces that fit, each with its size as it is shown."""
    head = len(path) + AROUND_FILE
    start, size = 1, head
    lines = data.decode(errors="replace").removesuffix("\n").split("\n")
    for n, line in enumerate(lines, 1):
        length = min(len(line), LONGEST_LINE) + len(str(n)) + 3
        if n > start and size + length > room:
            yield Place(path, Span(start, n - 1)), size
            start, size = n, head
        size += length
    yield Place(path, Span(start, len(lines))), size


def _part(library: Library, places: Sequence[Place], size: int) -> Part:
    said = (f"{library.files[p.path].blob} {p.path} {p.span.start}-{p.span.end}" for p in places)
    return Part(tuple(places), _id(*said), size)


def _id(*parts: str) -> str:
    data = "\n".join(parts).encode("utf-8", "surrogateescape")
    return hashlib.sha256(data).hexdigest()[:ID_DIGITS]
