"""What was asked in an earlier run of the task is never paid for again, whatever came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gitagent.domain.call import Call, Reply, Request
from gitagent.errors import BadReply, ContextOverflow, EmptyReply
from gitagent.llm.exchange import request_hash
from gitagent.llm.ledger import Ledger
from gitagent.ports import Model, ModelProfile

BAD: Mapping[str, type[BadReply]] = {"refused": BadReply, "empty": EmptyReply}
"""What a call ended with, by its status."""


class JournalModel:
    """Wraps a model; answers from the task's log what the log has an answer to, whichever model
    gave it.

    Raises ContextOverflow for a question that was too long then and has its answer to a shorter
    one: what may be done with that follows from what the shorter one showed.
    """

    def __init__(self, inner: Model, ledger: Ledger) -> None:
        self._inner = inner
        self._ledger = ledger
        self.profile: ModelProfile = inner.profile

    def complete(self, request: Request) -> Reply:
        return self._kept(request) or self._inner.complete(request)

    def _kept(self, request: Request) -> Reply | None:
        calls = [call for call in self._ledger.calls if call.key == request.key]
        answered = [call for call in calls if call.status in ("ok", "length")]
        if answered and (too_long := overflowed(calls, request)):
            raise ContextOverflow(too_long.error)
        for call in answered:
            if reply := self._ledger.reply(call):
                self._ledger.reuse(call)
                return reply
        return None


def overflowed(calls: Sequence[Call], request: Request) -> Call | None:
    """The call that put this question, in these words, to a model for which it was too long."""
    asked = request_hash(request)
    same = [call for call in calls if call.request_hash == asked]
    if any(call.status in ("ok", "length") for call in same):
        return None
    return next((call for call in same if call.status == "overflow"), None)


class KnownBadModel:
    """Wraps the model that the ledger charges for; a question to which it had nothing to say is
    not put to it again, in the same words.

    Raises the BadReply that was raised then.
    """

    def __init__(self, inner: Model, ledger: Ledger) -> None:
        self._inner = inner
        self._ledger = ledger
        self.profile: ModelProfile = inner.profile

    def complete(self, request: Request) -> Reply:
        for call in self._ledger.calls:
            if call.key == request.key and self._is_bad(call, request):
                self._ledger.reuse(call)
                raise BAD[call.status](call.error, reply=self._ledger.reply(call))
        return self._inner.complete(request)

    def _is_bad(self, call: Call, request: Request) -> bool:
        own = (call.provider, call.model) == (self.profile.provider, self.profile.name)
        bad = own and call.status in BAD
        return bad and call.request_hash == request_hash(request)
