"""How a model is told that it may ask to see more, and what it is told when it did.

Nothing extra is asked of a model that has seen enough: asks stand in place of a plan or of edits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gitagent.domain.call import Message
from gitagent.domain.want import SORTS, Sight, Want
from gitagent.stages.prompts import render

MOST_WANTS = 6
"""Asks that are answered in one round."""
TOOLS: tuple[str, ...] = SORTS

LAST = "You cannot ask for more. Now reply as you were told to, with what you know."
MORE = (
    "Reply as you were told to; only if you still cannot, ask again, with such lines only "
    "({left} at most)."
)
NO_MORE = "it asks to see more, which it cannot any more: write the change with what you know"


def _blind(_wants: Sequence[Want]) -> Sight:
    return Sight("")


@dataclass(frozen=True)
class Rounds:
    """How often a model may ask, and what answers it."""

    left: int = 0
    show: Callable[[Sequence[Want]], Sight] = _blind


NONE = Rounds()


def invitation(instead: str) -> str:
    """How a model asks in place of, say, "the edits"."""
    return render("look", instead=instead, most=str(MOST_WANTS))


def exchange(asked: str, sight: Sight, left: int) -> tuple[Message, Message]:
    """What the model wrote when it asked, and what it is told; it may ask `left` times more."""
    once = "once more" if left == 1 else f"{left} times more"
    said = MORE.format(left=once) if left else LAST
    shown = render("looked", answers=sight.text, left=said)
    return Message("assistant", asked), Message("user", shown, len(shown))
