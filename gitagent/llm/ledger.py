"""Every call has a record: reserved at its worst before it is sent, settled when it is answered.

The exchange itself is kept beside the record, in the same event, so that an answer that was paid
for is never lost and never paid for twice.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import cached_property

from gitagent.domain.call import Call, CallStatus, Reply, Request, Usage
from gitagent.domain.codec import to_json
from gitagent.domain.event import Kind
from gitagent.domain.span import call_span
from gitagent.errors import (
    BadReply,
    BudgetExceeded,
    ProviderError,
    ProviderRejected,
    UsageError,
)
from gitagent.llm.prices import cost, priced
from gitagent.ports import Log, Model, ModelProfile

BYTES_PER_TOKEN = 2
"""Fewer than in any text that people write, so that what is reserved is enough."""


@dataclass(frozen=True)
class Budget:
    """Caps of one task: USD (0 for none) and model calls."""

    usd: float
    calls: int


class LedgerModel:
    """Wraps a model; writes to the task's log what each call was and what it cost."""

    def __init__(self, inner: Model, log: Log, budget: Budget) -> None:
        self._inner = inner
        self._log = log
        self._budget = budget
        self.profile: ModelProfile = inner.profile
        if budget.usd and None in (self._priced.input_price, self._priced.output_price):
            raise UsageError(
                f"Nobody knows what {self.profile.name} costs, so a budget cannot be kept.",
                hint=f'Set input_price and output_price under [models."{self.profile.name}"].',
            )

    def complete(self, request: Request) -> Reply:
        call = self._reserve(request)
        span = call_span(self._log.state.task, call.seq)
        began = time.monotonic()
        try:
            reply = self._inner.complete(replace(request, span=span))
        except ProviderError as error:
            self._settle(self._failed(call, error), Kind.FAILED, time.monotonic() - began)
            raise
        self._settle(self._answered(call, reply), Kind.ANSWERED, reply.seconds, reply)
        return reply

    @cached_property
    def _priced(self) -> ModelProfile:
        """Looked up when it is first needed: the price tables are slow to load."""
        return priced(self._inner.profile)

    def _reserve(self, request: Request) -> Call:
        calls = self._log.state.calls
        worst = cost(self._priced, prompt_tokens(request), request.max_tokens)
        if len(calls) >= self._budget.calls:
            raise BudgetExceeded(f"The task has made its {self._budget.calls} model calls.")
        if self._budget.usd and self._log.state.spent + worst > self._budget.usd:
            raise BudgetExceeded(
                f"The next call could cost ${worst:.4f}; ${self._log.state.spent:.4f} of "
                f"${self._budget.usd:.4f} are spent."
            )
        call = Call(
            seq=len(calls) + 1,
            phase=request.phase,
            step=request.step,
            attempt=request.attempt,
            model=self.profile.name,
            provider=self.profile.provider,
            status="reserved",
            key=request.key,
            request_hash=request_hash(request),
            trace_id=self._log.state.task.trace_id,
            started=datetime.now(UTC).isoformat(timespec="milliseconds"),
            cost_usd=worst,
            retries=sum(c.key == request.key and c.status == "error" for c in calls),
        )
        notes = {f"exchange/{call.seq:04}.request.json": question(request)}
        self._log.record(
            Kind.RESERVED, _said(call), about=str(call.seq), notes=notes, calls=(*calls, call)
        )
        return call

    def _settle(self, call: Call, kind: Kind, seconds: float, reply: Reply | None = None) -> None:
        self._log.record(
            kind,
            _said(call),
            about=str(call.seq),
            lasted=seconds,
            notes={reply_name(call.seq): to_json(reply)} if reply else {},
            calls=(*self._log.state.calls[:-1], call),
        )

    def _answered(self, call: Call, reply: Reply) -> Call:
        status: CallStatus = "length" if reply.finish_reason == "length" else "ok"
        return replace(
            call,
            status=status,
            model=reply.model,
            provider=reply.provider,
            prompt_tokens=reply.usage.prompt,
            completion_tokens=reply.usage.completion,
            cached_tokens=reply.usage.cached,
            cost_usd=self._charged(call, reply.usage),
            seconds=reply.seconds,
            first_token_seconds=reply.first_token_seconds,
            request_id=reply.request_id,
        )

    def _charged(self, call: Call, usage: Usage) -> float:
        # a provider that counts nothing may charge all the same
        counted = usage.prompt or usage.completion
        return cost(self._priced, usage.prompt, usage.completion) if counted else call.cost_usd

    def _failed(self, call: Call, error: ProviderError) -> Call:
        # an outcome that nobody knows stays charged at the worst
        status: CallStatus = "refused" if isinstance(error, BadReply) else "error"
        free = isinstance(error, ProviderRejected) or getattr(error, "unpaid", False)
        return replace(
            call, status=status, error=str(error), cost_usd=0.0 if free else call.cost_usd
        )


def _said(call: Call) -> str:
    return f"{call.seq}: {call.phase}"


def prompt_tokens(request: Request) -> int:
    """An upper estimate, before a tokenizer has seen it."""
    texts = [message.content for message in request.messages]
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    return (size + len(to_json(request.schema))) // BYTES_PER_TOKEN + 50


def question(request: Request) -> bytes:
    """What is asked, as it is kept: the same whichever call it goes out with."""
    kept = (field.name for field in fields(request) if field.name not in ("span", "avoid"))
    return to_json({name: getattr(request, name) for name in kept})


def request_hash(request: Request) -> str:
    return hashlib.sha256(question(request)).hexdigest()


def reply_name(seq: int) -> str:
    """Where in the log the reply to a call stands."""
    return f"exchange/{seq:04}.reply.json"
