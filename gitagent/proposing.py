"""Puts the questions of one try to the model: one after the other, side by side, or as one question
with several answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from gitagent.domain.call import Reply
from gitagent.domain.edit import Proposal
from gitagent.errors import BudgetExceeded, ProviderError
from gitagent.line import Line
from gitagent.looking import Looker
from gitagent.progress import News
from gitagent.stages.asking import Asking, Ways
from gitagent.stages.propose import propose
from gitagent.tries import Tries


def proposed(
    line: Line, tries: Tries, n: int, how: Ways, early: Callable[[Proposal], bool]
) -> tuple[Tries, list[tuple[Reply, Proposal]]]:
    """The replies with edits, and the tries with all that was shown for them.

    `early` says of a proposal that it is good enough. A model that may ask to see more is asked
    once at first: what it is shown then, the others see from the beginning.
    """
    model = line.models["code" if n == 1 else "repair"]
    shown = (*tries.context, *(each.excerpt for each in tries.looked))
    looker = Looker(line, model.profile, tries.tree, shown)
    # who pays for an answer, or waits for several at once, has nothing of its being cut short
    enough = early if model.profile.candidates > 1 and not tries.rounds else None

    def question(way: Asking, candidate: int, further: int, turn: int = 0) -> Any:
        known = _texts(line, tries)  # read here: the question itself may be asked in a thread
        dialogue, asks = tries.dialogue, 0 if candidate else tries.rounds
        return lambda: propose(
            model,
            dialogue,
            how=way,
            step=tries.step,
            attempt=n,
            tree=tries.start,
            known=known,
            avoid=tries.avoid,
            turn=turn,
            asks=asks,
            candidate=candidate,
            further=further,
            enough=enough,
        )

    first, *rest = how.each
    for turn in count():
        _tell_writes(line, n, how)
        alone = question(first, 0, 0 if tries.rounds else how.further, turn)
        if not tries.rounds and not turn:
            beside = [question(way, k, 0) for k, way in enumerate(rest, 1)]
            return tries, _flat(line.side_by_side([alone, *beside]))
        [(reply, proposal)] = answers = alone()
        if not proposal.wants:
            break
        left = tries.rounds - 1
        sight = looker(proposal.wants)
        dialogue = tries.dialogue.asking(reply.text, sight, left)
        looked = (*tries.looked, *sight.seen)
        tries = replace(tries, dialogue=dialogue, looked=looked, rounds=left)
    beside = [question(way, k, 0) for k, way in enumerate(rest, 1)]
    if how.further:
        beside = [question(first, 1, how.further - 1)]
    try:
        return tries, [*answers, *(_flat(line.side_by_side(beside)) if beside else ())]
    except (BudgetExceeded, ProviderError):
        return tries, answers


def _flat(found: Sequence[Sequence[tuple[Reply, Proposal]]]) -> list[tuple[Reply, Proposal]]:
    return [each for answers in found for each in answers]


def _tell_writes(line: Line, n: int, how: Ways) -> None:
    several = f", {how.candidates} candidates" if how.candidates > 1 else ""
    said = f"{line.model.profile.name} writes, try {n}{several}"
    line.tell(News("model", said, passing=True))


def _texts(line: Line, tries: Tries) -> Mapping[str, str]:
    """The shown files as the last attempt left them."""
    files = {path: line.repo.file(tries.tree, path) for path in tries.shown}
    return {path: file.data.decode(errors="replace") for path, file in files.items() if file}
