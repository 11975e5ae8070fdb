"""No secret in a question, and none of a reply's own in what is kept of it.

Two wrappers, for two places: the outer one stands around the journal, so that whatever is kept or
sent of a question has placeholders in it; the inner one stands right at the client, so that nobody
further out, the ledger included, ever has what a reply or an error brought along.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gitagent.domain.call import Reply, Request
from gitagent.errors import BadReply, ProviderError
from gitagent.ports import Model, ModelProfile
from gitagent.redaction import Redactor

HELD_BACK = "The reply held what looks like a secret; it was taken out."


class RedactingModel:
    """Wraps a model: its questions are veiled, and a proposal gets back what its lines had.

    Other replies need no secret: there each is named (`[redacted github token]`), since a plan is
    kept and becomes the title of a commit.
    """

    def __init__(self, inner: Model, redactor: Redactor) -> None:
        self._inner = inner
        self._redactor = redactor
        self.profile: ModelProfile = inner.profile

    def complete(self, request: Request) -> Reply:
        veil = self._redactor.veil([message.content for message in request.messages])
        messages = tuple(
            replace(message, content=text)
            for message, text in zip(request.messages, veil.texts, strict=True)
        )
        back = veil.lift if request.phase == "propose" else veil.name
        enough = _of(request.enough, back)
        reply = self._inner.complete(replace(request, messages=messages, enough=enough))
        return _with_texts(reply, back)


class HidingModel:
    """Wraps a client: what it answers or complains of holds no secret of its own.

    A reply goes into files, so only what is surely a secret is taken out of it, and `on_hidden`
    is told.
    """

    def __init__(
        self,
        inner: Model,
        redactor: Redactor,
        *,
        on_hidden: Callable[[str], None] = lambda _said: None,
    ) -> None:
        self._inner = inner
        self._redactor = redactor
        self._on_hidden = on_hidden
        self.profile: ModelProfile = inner.profile

    def complete(self, request: Request) -> Reply:
        sure = self._redactor.sure.hide
        try:
            reply = self._inner.complete(replace(request, enough=_of(request.enough, sure)))
        except ProviderError as error:
            error.args = tuple(self._redactor.hide(str(said)) for said in error.args)
            error.hint = self._redactor.hide(error.hint)
            error.request_id = self._redactor.hide(error.request_id)
            if isinstance(error, BadReply) and error.reply is not None:
                error.reply = self._hidden(error.reply)
            raise
        hidden = self._hidden(reply)
        if (hidden.text, hidden.others) != (reply.text, reply.others):
            self._on_hidden(HELD_BACK)
        return hidden

    def _hidden(self, reply: Reply) -> Reply:
        return replace(
            _with_texts(reply, self._redactor.sure.hide),
            model=self._redactor.hide(reply.model),
            request_id=self._redactor.hide(reply.request_id),
        )


def _with_texts(reply: Reply, to: Callable[[str], str]) -> Reply:
    """The reply with another text in the place of each of its answers'."""
    others = tuple(replace(other, text=to(other.text)) for other in reply.others)
    return replace(reply, text=to(reply.text), others=others)


def _of(enough: Callable[[str], bool] | None, to: Callable[[str], str]) -> Any:
    """What is asked of each answer, asked of what becomes of it here."""
    return None if enough is None else lambda text: enough(to(text))
