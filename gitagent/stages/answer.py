"""One turn of a question: the model answers, or says what it must see first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gitagent.domain.ask import Place
from gitagent.domain.call import Message, Reply, Request
from gitagent.domain.want import Want
from gitagent.edits import thinking, wants
from gitagent.errors import BadReply
from gitagent.ports import Model
from gitagent.stages.prompts import render
from gitagent.stages.rounds import MOST_WANTS

MAX_TOKENS, MAX_TOKENS_FOR_WEAK = 2500, 700
TALK = 400
"""Characters beside asks from which on a reply is an answer that happens to name some."""
ANY_PLACE = "path/of/file"
NO_ANSWER = "That is no answer, and nothing more can be looked up. Answer the question now."


@dataclass(frozen=True)
class Turn:
    """An answer, or asks to see more; `cut` says that the answer came to the end of its tokens."""

    text: str
    wants: tuple[Want, ...]
    cut: bool


@dataclass(frozen=True)
class Sight:
    """What the model sees: `files` with their lines, what look-ups `found`, in words, and one of
    the files as an `example` of how a place is named."""

    files: str
    found: str
    example: str

    @classmethod
    def of(cls, places: Sequence[Place], files: str, found: str) -> Sight:
        return cls(files, found, places[0].path if places else ANY_PLACE)


def turn(model: Model, question: str, sight: Sight, *, tree: str, step: int, rounds: int) -> Turn:
    """Ask with so much in sight; `rounds` of look-ups may follow this turn.

    Where there is none left and none was needed, a reply that only looks things up is asked for
    again, once. Raises BadReply where there is no answer then.
    """
    request = _request(model, question, sight, rounds)
    request = replace(request, tree=tree, step=step)
    reply = model.complete(request)
    wanted, text = _read(reply)
    if not text and not (wanted and rounds):
        reply = model.complete(_again(request, reply))
        wanted, text = (), _read(reply)[1]
        if not text:
            raise BadReply("The model looks things up and gives no answer.", reply=reply)
    return Turn(text, wanted[:MOST_WANTS] if rounds else (), reply.cut)


def _read(reply: Reply) -> tuple[tuple[Want, ...], str]:
    """What a reply asks for, and what it says beside that."""
    wanted, rest = wants.read(reply.text)
    said = re.sub(r"\n{3,}", "\n\n", rest).strip()
    if wanted and len(said) <= TALK:
        return wanted, said
    return (), thinking.without(reply.text).strip()


def _request(model: Model, question: str, sight: Sight, rounds: int) -> Request:
    weak = model.profile.weak
    closing = render("ask_closing_weak" if weak else "ask_closing", example=sight.example)
    content = render(
        "ask",
        files=sight.files,
        found=sight.found,
        question=question,
        closing=closing if weak else f"{closing}\n{_looking(rounds)}",
    )
    return Request(
        "ask",
        (Message("system", render("ask_system")), Message("user", content)),
        MAX_TOKENS_FOR_WEAK if weak else MAX_TOKENS,
    )


def _looking(rounds: int) -> str:
    if not rounds:
        return render("ask_last")
    times = "once more" if rounds == 1 else f"{rounds} more times"
    return render("ask_look", most=str(MOST_WANTS), rounds=times)


def _again(request: Request, reply: Reply) -> Request:
    said = (Message("assistant", reply.text), Message("user", NO_ANSWER))
    return replace(request, messages=(*request.messages, *said), attempt=2)
