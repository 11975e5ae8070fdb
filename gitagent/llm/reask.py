"""A reply that cannot be used is asked for once more, with what was wrong with it.

What is asked follows from the question and the bad reply alone, so that a resumed run asks the
same and finds the answer in its log.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gitagent.domain.call import Message, Reply, Request
from gitagent.errors import BadReply
from gitagent.ports import Model, ModelProfile

AGAIN = (
    "That was no usable reply: {reason} Nothing was done with it. Answer the request above now, "
    "completely and only in the form that it asks for."
)


class ReaskModel:
    """Wraps a model; `on_reask` gets the reason of the second question."""

    def __init__(
        self, inner: Model, *, on_reask: Callable[[str], None] = lambda _reason: None
    ) -> None:
        self._inner = inner
        self._on_reask = on_reask
        self.profile: ModelProfile = inner.profile

    def complete(self, request: Request) -> Reply:
        try:
            return self._inner.complete(request)
        except BadReply as error:
            self._on_reask(str(error))
            asked = again(request, error)
        return self._inner.complete(asked)


def again(request: Request, error: BadReply) -> Request:
    """The question with the bad reply and the reason behind it.

    Where no text came, the reason joins the question: some models take only roles in turns.
    """
    said = AGAIN.format(reason=str(error))
    text = error.reply.text.strip() if error.reply else ""
    *before, last = request.messages
    if text or last.role != "user":
        came = (Message("assistant", text),) if text else ()
        return replace(request, messages=(*request.messages, *came, Message("user", said)))
    joined = replace(last, content=f"{last.content}\n\n{said}")
    return replace(request, messages=(*before, joined))
