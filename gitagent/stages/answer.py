"""One turn of a question: the model answers, or says what it must see first."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gitagent.domain.call import Message, Reply, Request
from gitagent.edits import thinking
from gitagent.edits.lookups import Lookup, lookups, spoken
from gitagent.errors import BadReply
from gitagent.ports import Model
from gitagent.stages.prompts import render

MAX_TOKENS, MAX_TOKENS_FOR_WEAK = 2500, 700
MOST_LOOKUPS = 6
NO_ANSWER = "That is no answer, and nothing more can be looked up. Answer the question now."


@dataclass(frozen=True)
class Turn:
    """An answer, or look-ups; `cut` says that the answer came to the end of its tokens."""

    text: str
    lookups: tuple[Lookup, ...]
    cut: bool


def turn(
    model: Model, question: str, files: str, found: str, *, tree: str, step: int, rounds: int
) -> Turn:
    """Ask with `files` in sight and what was `found`; `rounds` of look-ups may follow this turn.

    Where there is none left and none was needed, a reply that only looks things up is asked for
    again, once. Raises BadReply where there is no answer then.
    """
    request = _request(model, question, files, found, rounds)
    request = replace(request, tree=tree, step=step)
    reply = model.complete(request)
    wanted = lookups(reply.text) if rounds else ()
    if not wanted and not spoken(reply.text):
        reply = model.complete(_again(request, reply))
        if not spoken(reply.text):
            raise BadReply("The model looks things up and gives no answer.", reply=reply)
    text = spoken(reply.text) if lookups(reply.text) else thinking.without(reply.text).strip()
    return Turn(text, wanted[:MOST_LOOKUPS], reply.finish_reason == "length")


def _request(model: Model, question: str, files: str, found: str, rounds: int) -> Request:
    weak = model.profile.weak
    closing = render("ask_closing") + ("" if weak else "\n" + _looking(rounds))
    content = render("ask", files=files, found=found, question=question, closing=closing)
    return Request(
        "ask",
        (Message("system", render("ask_system")), Message("user", content)),
        MAX_TOKENS_FOR_WEAK if weak else MAX_TOKENS,
    )


def _looking(rounds: int) -> str:
    if not rounds:
        return render("ask_last")
    times = "once more" if rounds == 1 else f"{rounds} more times"
    return render("ask_look", most=str(MOST_LOOKUPS), rounds=times)


def _again(request: Request, reply: Reply) -> Request:
    said = (Message("assistant", reply.text), Message("user", NO_ANSWER))
    return replace(request, messages=(*request.messages, *said), attempt=2)
