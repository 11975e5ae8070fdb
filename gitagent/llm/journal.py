"""A question that was answered in an earlier run of the task is never asked again."""

from __future__ import annotations

from dataclasses import replace

from gitagent.domain.call import Call, Reply, Request
from gitagent.domain.codec import from_json
from gitagent.domain.event import Kind
from gitagent.llm.ledger import reply_name
from gitagent.ports import Log, Model, ModelProfile


class JournalModel:
    """Wraps a model; answers from the task's log what the log has an answer to."""

    def __init__(self, inner: Model, log: Log) -> None:
        self._inner = inner
        self._log = log
        self.profile: ModelProfile = inner.profile

    def complete(self, request: Request) -> Reply:
        return self._kept(request) or self._inner.complete(request)

    def _kept(self, request: Request) -> Reply | None:
        for call in self._log.state.calls:
            if call.key == request.key and call.status in ("ok", "length"):
                data = self._log.read(reply_name(call.seq))
                return self._used(call, from_json(data, Reply)) if data else None
        return None

    def _used(self, call: Call, reply: Reply) -> Reply:
        """The ledger says of each answer whether a later run lived on it."""
        if not call.from_journal:
            used = replace(call, from_journal=True)
            calls = tuple(used if c.seq == call.seq else c for c in self._log.state.calls)
            said = f"{call.seq}: {call.phase}"
            self._log.record(Kind.REUSED, said, about=str(call.seq), calls=calls)
        return reply
