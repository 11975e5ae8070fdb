"""Every call has a record: reserved at its worst before it is sent, settled when it is answered.

The exchange itself is kept beside the record, in the same event, so that an answer that was paid
for is never lost and never paid for twice. Several models share a ledger, and several threads a
model: whatever looks at what there is and adds to it does so under one lock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from gitagent.domain.call import Call, CallStatus, Reply, Request, Usage
from gitagent.domain.codec import from_json, to_json
from gitagent.domain.event import Kind
from gitagent.domain.span import call_span
from gitagent.domain.task import Task
from gitagent.errors import (
    BadReply,
    BudgetExceeded,
    ContextOverflow,
    EmptyReply,
    ProviderError,
    ProviderRejected,
    UsageError,
)
from gitagent.llm.charge import affordable, believed, charge, has_price, worst
from gitagent.llm.day import NO_CAP, DaySpend
from gitagent.llm.exchange import kept, reply_name, request_hash, request_name
from gitagent.llm.prices import priced
from gitagent.ports import Log, Model, ModelProfile

NO_NOTES: Mapping[str, bytes] = {}
OnCall = Callable[[Call, ModelProfile], None]


@dataclass(frozen=True)
class Budget:
    """Caps of one task: USD (0 for none) and model calls."""

    usd: float
    calls: int


class Ledger:
    """The calls of one task, whichever model and thread they come from.

    `day` caps what all tasks of a day may spend. `on_call` is told of each call once it is
    settled, with the profile of the model that was asked.
    """

    def __init__(
        self,
        log: Log,
        budget: Budget,
        *,
        day: DaySpend = NO_CAP,
        on_call: OnCall = lambda _call, _profile: None,
    ) -> None:
        self._log = log
        self._budget = budget
        self._day = day
        self.on_call = on_call
        self.lock = threading.RLock()
        day.resume(self.calls)

    @property
    def task(self) -> Task:
        return self._log.state.task

    @property
    def calls(self) -> Sequence[Call]:
        return self._log.state.calls

    @property
    def capped(self) -> bool:
        """Whether there is a cap in USD, for which prices must be known."""
        return bool(self._budget.usd or self._day.cap_usd)

    @property
    def left(self) -> float | None:
        """USD that the next call may cost by both caps; None where there is none."""
        caps = ((self._budget.usd, self._log.state.spent), (self._day.cap_usd, self._day.spent))
        return min((cap - spent for cap, spent in caps if cap), default=None)

    def reply(self, call: Call) -> Reply | None:
        """What came back for a call, where it was kept."""
        with self.lock:
            data = self._log.read(reply_name(call.seq))
        return from_json(data, Reply) if data else None

    def reserve(self, request: Request, asked: ModelProfile, usd: float) -> Call:
        """The record of a call that may now be sent; it is charged `usd` until it is settled.

        Raises BudgetExceeded, with nothing on record.
        """
        with self.lock:
            self._check(usd)
            call = replace(self._new(request, asked), cost_usd=usd)
            with self._day.reserved(call.seq, usd):
                self._keep(Kind.RESERVED, call, _question(call, request, asked))
        return call

    def settle(self, call: Call, kind: Kind, seconds: float, reply: Reply | None = None) -> None:
        """What became of a call takes the place of what was reserved for it."""
        notes = {reply_name(call.seq): to_json(reply)} if reply else NO_NOTES
        with self.lock:
            self._keep(kind, call, notes, lasted=seconds)
            self._day.settle(call.seq, call.cost_usd)

    def reuse(self, call: Call) -> None:
        """Say of a call that a later run lived on what came of it."""
        with self.lock:
            if not call.from_journal:
                self._keep(Kind.REUSED, replace(call, from_journal=True))

    def take(self, request: Request, asked: ModelProfile, data: bytes, task_id: str) -> Reply:
        """A reply that another task has paid for, as that task's log has it, becomes this task's
        own and costs nothing."""
        reply = from_json(data, Reply)
        with self.lock:
            call = replace(
                self._new(request, asked),
                status="ok",
                model=reply.model,
                provider=reply.provider,
                request_id=reply.request_id,
                from_journal=True,
            )
            notes = {**_question(call, request, asked), reply_name(call.seq): data}
            self._keep(Kind.REUSED, call, notes, more=f", from task {task_id}")
        return reply

    def _check(self, usd: float) -> None:
        spent, cap = self._log.state.spent, self._budget
        if sum(not is_taken(call) for call in self.calls) >= cap.calls:
            raise BudgetExceeded(f"The task has made its {cap.calls} model calls.")
        if cap.usd and spent + usd > cap.usd:
            raise BudgetExceeded(
                f"The next call could cost ${usd:.4f}; ${spent:.4f} of ${cap.usd:.4f} are spent."
            )

    def _new(self, request: Request, asked: ModelProfile) -> Call:
        earlier = (request.key, asked.provider, asked.name)
        return Call(
            seq=len(self.calls) + 1,
            phase=request.phase,
            step=request.step,
            attempt=request.attempt,
            model=asked.name,
            provider=asked.provider,
            status="reserved",
            key=request.key,
            request_hash=request_hash(request),
            trace_id=self.task.trace_id,
            started=datetime.now(UTC).isoformat(timespec="milliseconds"),
            retries=sum((c.key, c.provider, c.model) == earlier for c in self.calls),
        )

    def _keep(
        self,
        kind: Kind,
        call: Call,
        notes: Mapping[str, bytes] = NO_NOTES,
        *,
        lasted: float = 0.0,
        more: str = "",
    ) -> None:
        """One event: the call is new, or takes the place of the one with its number."""
        self._log.record(
            kind,
            f"{call.seq}: {call.phase}{more}",
            about=str(call.seq),
            lasted=lasted,
            notes=notes,
            calls=_with(self.calls, call),
        )


class LedgerModel:
    """Wraps a model; the ledger says what each call was and what it cost.

    A `spare` model is one that a task can go without: where there is a cap in USD and nobody knows
    its price, it is passed over with BudgetExceeded. Any other raises UsageError at once.
    """

    def __init__(
        self,
        inner: Model,
        ledger: Ledger,
        *,
        spare: bool = False,
    ) -> None:
        self._inner = inner
        self._ledger = ledger
        self.profile: ModelProfile = inner.profile
        if not spare and (missing := self._unpriced()):
            raise UsageError(missing, hint=_set_prices(self.profile))

    def complete(self, request: Request) -> Reply:
        if missing := self._unpriced():
            raise BudgetExceeded(missing, hint=_set_prices(self.profile))
        if (left := self._ledger.left) is not None:
            request = affordable(self._priced, request, left)
        call = self._ledger.reserve(request, self.profile, worst(self._priced, request))
        span = call_span(self._ledger.task, call.seq)
        began = time.monotonic()
        try:
            reply = self._inner.complete(replace(request, span=span))
        except ProviderError as error:
            self._failed(call, error, time.monotonic() - began)
            raise
        reply = self._counted(reply)
        cut = all(answer.cut for answer in reply.each)
        status: CallStatus = "length" if cut else "ok"
        call = replace(self._of(call, reply), status=status, model=reply.model)
        self._settled(replace(call, provider=reply.provider), Kind.ANSWERED, reply.seconds, reply)
        return reply

    @cached_property
    def _priced(self) -> ModelProfile:
        """Looked up when it is first needed: the price tables are slow to load."""
        return priced(self.profile)

    def _unpriced(self) -> str:
        if not self._ledger.capped or has_price(self._priced):
            return ""
        return f"Nobody knows what {self.profile.ref} costs, so a budget cannot be kept."

    def _failed(self, call: Call, error: ProviderError, seconds: float) -> None:
        """What was rejected cost nothing, a bad reply what it counts; an outcome that nobody
        knows stays charged at the worst."""
        call = replace(call, status=_status(error), error=str(error), seconds=seconds)
        reply = None
        if isinstance(error, BadReply) and error.reply is not None:
            error.reply = reply = self._counted(error.reply)
            call = self._of(call, reply)
        elif isinstance(error, ProviderRejected) or getattr(error, "unpaid", False):
            call = replace(call, cost_usd=0.0)
        call = replace(call, request_id=call.request_id or error.request_id)
        error.charged = call.cost_usd
        self._settled(call, Kind.FAILED, seconds, reply)

    def _counted(self, reply: Reply) -> Reply:
        """The reply, without a count that cannot be true."""
        true = believed(reply.usage, self.profile.window)
        return reply if true else replace(reply, usage=Usage())

    def _of(self, call: Call, reply: Reply) -> Call:
        """The call with what the reply says of it. A provider that counts nothing may charge all
        the same: the call stays charged at the worst."""
        usage = reply.usage
        return replace(
            call,
            prompt_tokens=usage.prompt,
            completion_tokens=usage.completion,
            cached_tokens=usage.cached,
            cost_usd=call.cost_usd if usage == Usage() else charge(self._priced, usage),
            seconds=reply.seconds,
            first_token_seconds=reply.first_token_seconds,
            request_id=reply.request_id,
        )

    def _settled(self, call: Call, kind: Kind, seconds: float, reply: Reply | None) -> None:
        self._ledger.settle(call, kind, seconds, reply)
        self._ledger.on_call(call, self.profile)


def is_taken(call: Call) -> bool:
    """Whether it is no call of its task at all, but an answer out of another task's log: those
    have taken no time."""
    return call.from_journal and not call.seconds and call.status == "ok"


def _status(error: ProviderError) -> CallStatus:
    if isinstance(error, ContextOverflow):
        return "overflow"
    if not isinstance(error, BadReply):
        return "error"
    return "empty" if isinstance(error, EmptyReply) else "refused"


def _question(call: Call, request: Request, asked: ModelProfile) -> dict[str, bytes]:
    return {request_name(call.seq): kept(request, asked.ref)}


def _with(calls: Sequence[Call], call: Call) -> tuple[Call, ...]:
    if call.seq > len(calls):
        return (*calls, call)
    return tuple(call if c.seq == call.seq else c for c in calls)


def _set_prices(profile: ModelProfile) -> str:
    return f'Set input_price and output_price under [models."{profile.ref}"].'
