"""A question is answered from all there is: part by part, from the first file to the last."""

from __future__ import annotations

from collections.abc import Sequence

from gitagent.domain.ask import Answer
from gitagent.domain.call import CHARACTERS_PER_TOKEN
from gitagent.edits.citations import checked
from gitagent.errors import BudgetExceeded, ContextOverflow, UsageError
from gitagent.inquiry import Inquiry
from gitagent.stages.survey import Note, Part, concluded, halves, key, merged, note_on, parts

SHARE_OF_WINDOW, SHARE_FOR_WEAK = 0.6, 0.35
LARGEST_PART = 60_000
"""Tokens. Of more at a time a model leaves out what stands in the middle."""
MOST_CHARACTERS_PER_TOKEN = 6
"""Of no code are there more, so that a cost reckoned with it is the least that there can be."""
ANSWERED = ("ok", "length")
SMALL = "it reads slowly, and what it notes of a part is often beside the point"


def surveyed(inquiry: Inquiry) -> Answer:
    """The answer out of notes on everything that can be read.

    Before anything is spent, raises BudgetExceeded where it cannot be enough, and UsageError where
    nothing can be read.
    """
    inquiry.log.note(part=_room(inquiry))
    made, left_out = parts(inquiry.library, inquiry.why_not, _room(inquiry))
    if not made:
        raise UsageError("There is nothing in this commit that can be read.")
    places = [place for part in made for place in part.places]
    files = len({place.path for place in places})
    tokens = sum(part.size for part in made) // CHARACTERS_PER_TOKEN
    inquiry.say(f"{files} files, at most {tokens:,} tokens, in {len(made)} parts")
    _check(inquiry, made)
    if inquiry.model.profile.weak:
        inquiry.say(f"{inquiry.model.profile.ref} is small: {SMALL}", warning=True)
    notes = _notes(inquiry, made)
    step = len(made) + 1
    while len(notes) > 1 and _size(notes) > _room(inquiry):
        inquiry.say(f"{len(notes)} notes are made into fewer")
        notes, step = _fewer(inquiry, notes, step)
    inquiry.say(f"answers from {len(notes)} notes")
    said = concluded(inquiry.model, inquiry.question, notes, step)
    read = inquiry.library.read(places)
    return inquiry.answer(said.text, places, read=read, left_out=left_out, cut=said.cut)


def _room(inquiry: Inquiry) -> int:
    """Characters of a part: as the first run cut, so that what was read stays read whoever goes on;
    a model that cannot take so much is given halves."""
    return inquiry.log.state.part or _fitting(inquiry)


def _fitting(inquiry: Inquiry) -> int:
    """Characters of a part that a model reads at a time."""
    profile = inquiry.model.profile
    share = SHARE_FOR_WEAK if profile.weak else SHARE_OF_WINDOW
    free = profile.window - min(profile.max_output, profile.window // 2)
    return int(min(free * share, LARGEST_PART) * CHARACTERS_PER_TOKEN)


def _check(inquiry: Inquiry, made: Sequence[Part]) -> None:
    """Raises BudgetExceeded where what is left of the budget cannot be enough."""
    answered = _answered(inquiry)
    missing = [p for n, p in enumerate(made, 1) if not _is_known(inquiry, p, n, answered)]
    calls, most = len(inquiry.log.state.calls), inquiry.most_calls
    needed = len(missing) + 1
    if calls + needed > most:
        raise BudgetExceeded(
            f"Reading everything takes {needed} more model calls at least; "
            f"{max(0, most - calls)} of {most} are left. Nothing more was read.",
            hint=f"Allow them, and some to spare: `--max-calls {calls + needed * 6 // 5 + 1}`.",
        )
    least = sum(part.size for part in missing) // MOST_CHARACTERS_PER_TOKEN
    if said := inquiry.too_dear(least):
        raise BudgetExceeded(f"{said} Nothing more was read.")


def _notes(inquiry: Inquiry, made: Sequence[Part]) -> list[Note]:
    notes: list[Note] = []
    answered = _answered(inquiry)
    for n, part in enumerate(made, 1):
        if not _is_known(inquiry, part, n, answered):
            inquiry.say(f"part {n} of {len(made)}: {part.name}")
        notes += _noted(inquiry, part, n, len(made))
    return [note for note in notes if note.text]


def _noted(inquiry: Inquiry, part: Part, n: int, of: int) -> list[Note]:
    """The notes on a part, or on its halves where it is too long for the model after all."""
    smaller = halves(inquiry.library, part)
    if not any(key(half, n) in _answered(inquiry) for half in smaller):
        try:
            note = note_on(inquiry.model, inquiry.library, inquiry.question, part, n, of)
            return [_checked(inquiry, note)]
        except ContextOverflow as error:
            if not smaller:
                raise
            inquiry.say(f"{error} The part is read in two.", warning=True)
    return [note for half in smaller for note in _noted(inquiry, half, n, of)]


def _checked(inquiry: Inquiry, note: Note) -> Note:
    """A note with its places held against the tree: what is not there must not be handed on."""
    library = inquiry.library
    said = checked(note.text, library.paths, library.count, lambda _path, _span: True)
    return Note(said.text, note.id, note.cut)


def _fewer(inquiry: Inquiry, notes: Sequence[Note], step: int) -> tuple[list[Note], int]:
    """The notes of the next level, and the number of the step behind it; at most half as many."""
    made: list[Note] = []
    for group in _groups(notes, _room(inquiry)):
        if len(group) == 1:
            made.append(group[0])
            continue
        made.append(merged(inquiry.model, inquiry.question, group, step))
        step += 1
    return [note for note in made if note.text], step


def _groups(notes: Sequence[Note], room: int) -> list[list[Note]]:
    """Neighbours together, at least two, as many as fit; two that do not fit are cut."""
    groups: list[list[Note]] = []
    for note in (Note(n.text[: room // 2], n.id, n.cut) for n in notes):
        if groups and (len(groups[-1]) == 1 or _size([*groups[-1], note]) <= room):
            groups[-1].append(note)
        else:
            groups.append([note])
    return groups


def _size(notes: Sequence[Note]) -> int:
    return sum(len(note.text) + 2 for note in notes)


def _answered(inquiry: Inquiry) -> frozenset[str]:
    """The questions to which the log has the answer."""
    return frozenset(c.key for c in inquiry.log.state.calls if c.status in ANSWERED)


def _is_known(inquiry: Inquiry, part: Part, n: int, answered: frozenset[str]) -> bool:
    """Whether a note on a part, or on some of it, is there."""
    return any(key(each, n) in answered for each in (part, *halves(inquiry.library, part)))
