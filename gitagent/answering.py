"""A question is answered from what is looked up for it: by us at first, then as the model asks.

Each turn is a prompt of its own, with the newest finds first in what room there is. What an
earlier turn showed goes when something else needs its place.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gitagent.domain.ask import Answer, Place
from gitagent.domain.call import CHARACTERS_PER_TOKEN
from gitagent.domain.context import Context, Span
from gitagent.domain.event import Kind
from gitagent.domain.want import Want
from gitagent.errors import ContextOverflow
from gitagent.inquiry import SHARE_FOR_WEAK, SHARE_OF_WINDOW, Inquiry
from gitagent.library import Library
from gitagent.stages import material
from gitagent.stages.answer import Sight, Turn, turn
from gitagent.stages.find import Found, find
from gitagent.stages.retrieve import LISTED, retrieve
from gitagent.stages.view import View

ROUNDS, ROUNDS_FOR_WEAK = 4, 0
"""A weak model would need minutes for each, and asks for what it was shown."""
FOCUS_FOR_WEAK = 0.35
AT_LAST = 2.0
"""Contexts of the first turn that a later one may show."""
SHARE_FOR_FOUND = 3
"""A third of the room is for what look-ups say in words."""
PARTS_AFTER_OVERFLOW = (1, 2, 4)
NAMED_IN_NEWS = 4


@dataclass
class Desk:
    """What lies on the table: the first places, and what look-ups have found, oldest first."""

    first: Sequence[Place]
    listing: str = ""
    found: list[Found] = field(default_factory=list)
    seen: list[Place] = field(default_factory=list)

    def knows(self, want: Want) -> bool:
        return any(each.want == want for each in self.found)

    def places(self, library: Library, room: int) -> tuple[Place, ...]:
        """What is shown in so many characters, the newest finds before all."""
        newest = [place for found in reversed(self.found) for place in found.places]
        return _fitting(library, [*newest, *self.first], room)

    def said(self, room: int) -> str:
        """What look-ups came to, the newest with its lines and the oldest with a line alone."""
        texts: list[str] = []
        for found in reversed(self.found):
            text = found.text if len(found.text) <= room else Found(found.want, found.said).text
            room -= len(text)
            texts.append(text)
        return "# What was looked up\n\n" + "\n".join(reversed(texts)) + "\n" if texts else ""


def looked_up(inquiry: Inquiry) -> Answer:
    """The answer out of what is found for a question in a bounded number of rounds."""
    desk = _desk(inquiry)
    view = View(inquiry.repo, inquiry.index, inquiry.library.tree, inquiry.ignore)
    rounds = ROUNDS_FOR_WEAK if inquiry.model.profile.weak else ROUNDS
    step = 1
    while True:
        said = _turn(inquiry, desk, step, rounds)
        if not said.wants:
            return _answer(inquiry, desk, said)
        new = [want for want in said.wants if not desk.knows(want)]
        desk.found += [find(view, inquiry.library, want) for want in new]
        inquiry.say(f"looks up {'; '.join(map(material.ask, said.wants))}")
        # who asks for the same again will not be helped by another round
        rounds = rounds - 1 if new else 0
        step += 1


def _desk(inquiry: Inquiry) -> Desk:
    """What a question begins with; what the log says of it is not looked for again."""
    if inquiry.log.state.context is None:
        began = time.monotonic()
        found = _retrieved(inquiry)
        lasted = time.monotonic() - began
        said = f"{len(found.excerpts)} files"
        inquiry.log.record(Kind.GATHERED, said, lasted=lasted, context=found.without_texts())
    context = inquiry.log.state.context or Context()
    paths = [excerpt.path for excerpt in context.excerpts if excerpt.path in inquiry.library.files]
    more = f" and {len(paths) - NAMED_IN_NEWS} more" if len(paths) > NAMED_IN_NEWS else ""
    inquiry.say(f"reads {', '.join(paths[:NAMED_IN_NEWS])}{more}" if paths else "no file fits")
    return Desk(_places(inquiry.library, context), material.listing(context))


def _retrieved(inquiry: Inquiry) -> Context:
    weak = inquiry.model.profile.weak
    return retrieve(
        inquiry.repo,
        inquiry.index,
        inquiry.library.tree,
        inquiry.question,
        tokens=min(inquiry.context_tokens, _room(inquiry) // CHARACTERS_PER_TOKEN),
        task=inquiry.question,
        focus=FOCUS_FOR_WEAK if weak else 0.0,
        ignore=inquiry.ignore,
        listed=0 if weak else LISTED,
    )


def _room(inquiry: Inquiry) -> int:
    """Characters that a turn may show."""
    profile = inquiry.model.profile
    share = SHARE_FOR_WEAK if profile.weak else SHARE_OF_WINDOW
    of_window = (profile.window - min(profile.max_output, profile.window // 2)) * share
    return int(min(of_window, AT_LAST * inquiry.context_tokens) * CHARACTERS_PER_TOKEN)


def _places(library: Library, context: Context) -> list[Place]:
    found = []
    for excerpt in context.excerpts:
        count = library.count(excerpt.path)
        spans = (Span(1, count),) if excerpt.whole else excerpt.spans
        ends = ((span.start, min(span.end, count)) for span in spans)
        found += [Place(excerpt.path, Span(start, end)) for start, end in ends if start <= end]
    return found


def _turn(inquiry: Inquiry, desk: Desk, step: int, rounds: int) -> Turn:
    """One turn, with less to see where so much is too long."""
    for part in PARTS_AFTER_OVERFLOW:
        room = _room(inquiry) // part
        said = desk.said(room // SHARE_FOR_FOUND)
        places = desk.places(inquiry.library, room - len(said))
        files = f"# Files\n\n{inquiry.library.numbered(places)}\n" if places else ""
        try:
            made = turn(
                inquiry.model,
                inquiry.question,
                Sight.of(places, f"{files}\n{desk.listing if part == 1 else ''}", said),
                tree=inquiry.library.tree,
                step=step,
                rounds=rounds,
            )
        except ContextOverflow as error:
            if part == PARTS_AFTER_OVERFLOW[-1]:
                raise
            inquiry.say(f"{error} Less is shown.", warning=True)
        else:
            desk.seen += [*places, *(place for found in desk.found for place in found.seen)]
            return made
    raise AssertionError


def _answer(inquiry: Inquiry, desk: Desk, said: Turn) -> Answer:
    read = inquiry.library.read(desk.seen)
    return inquiry.answer(said.text, desk.seen, read=read, cut=said.cut)


def _fitting(library: Library, places: Iterable[Place], room: int) -> tuple[Place, ...]:
    """As many lines of the places as fit, the first ones before all."""
    fitting: list[Place] = []
    for place in places:
        lines = library.lines(place.path)
        end = place.span.start - 1
        room -= len(place.path)
        for n in range(place.span.start, min(place.span.end, len(lines)) + 1):
            room -= len(lines[n - 1]) + len(str(n)) + 3
            if room < 0:
                break
            end = n
        if end >= place.span.start:
            fitting.append(Place(place.path, Span(place.span.start, end)))
        if room < 0:
            break
    return tuple(fitting)
