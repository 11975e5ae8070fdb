"""The server itself: what it answers, which fault befalls the answer, what it counts as."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gitagent.domain.call import Usage
from gitagent.testing import protocol
from gitagent.testing.chaos import rewire, tally
from gitagent.testing.chaos.fate import Decides, Fate, Question
from gitagent.testing.chaos.fault import Case, Times
from gitagent.testing.chaos.limits import Limits
from gitagent.testing.chaos.statuses import too_long
from gitagent.testing.chaos.tally import Exchange, Prices, Tally
from gitagent.testing.listener import Received
from gitagent.testing.protocol import Asked, Head, Part, Wire
from gitagent.testing.script import Answer, Item, Say, Script, play
from gitagent.testing.server import ModelServer

REPORT = "/chaos/report"
WINDOW = "window"
"""What a prompt that is really too long counts as."""


class ChaosServer(ModelServer):
    """Answers out of a script (an item that did not arrive whole is said again) or a function.

    `fate` says which faults there are; `rate` and `seed` are short for the usual one. `drop` is
    the share of connections that are closed before anything is read. A prompt of more than
    `window` tokens (0: any) is refused as too long. Faults befall `Say` items only: the others are
    faults already. Raises UsageError where the port is taken.
    """

    def __init__(
        self,
        script: Iterable[Item] | Answer,
        *,
        fate: Decides | None = None,
        rate: float = 0.0,
        seed: int = 0,
        drop: float = 0.0,
        times: Times | None = None,
        limits: Limits | None = None,
        window: int = 0,
        prices: Prices | None = None,
        models: tuple[str, ...] = ("scripted",),
        port: int = 0,
    ) -> None:
        self._answer: Answer = script if callable(script) else Script(script)
        self._fate: Decides = fate or Fate(rate, seed)
        self._drop = drop
        self._drop_dice = random.Random(f"{seed} connections")
        self._times = times or Times()
        self._limits = limits or Limits()
        self._window = window
        self._prices = prices or Prices()
        self._tally = Tally()
        super().__init__(port=port, models=models)

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What became of each chat request, once no answer is under way any more."""
        self._tally.settle()
        return self._tally.exchanges

    @property
    def report(self) -> dict[str, Any]:
        """What `GET /chaos/report` says; docs/chaos.md explains it."""
        return tally.document(self.exchanges, self._tally.dropped, self._prices)

    def chat(self, received: Received) -> Wire:
        wire, exchange = self._decided(received.json, received.n)
        self._tally.begin(exchange)
        return wire

    def other(self, received: Received) -> Wire:
        if (received.method, received.path) == ("GET", REPORT):
            return protocol.document(self.report)
        return super().other(received)

    def ended(self, received: Received, *, delivered: bool) -> None:
        self._limits.leave(received.n)
        self._tally.end(received.n, delivered=delivered)

    def admits(self) -> bool:
        # the listener asks in one thread, so the dice need no lock
        if self._drop_dice.random() >= self._drop:
            return True
        self._tally.drop()
        return False

    def _decided(self, request: dict[str, Any], n: int) -> tuple[Wire, Exchange]:
        """What goes back, and what it counts as."""
        asked = Asked.of(request, f"chatcmpl-{n}")
        hashes = tally.question_hash(request), tally.prompt_hash(request)
        blank = Exchange(n, *hashes, asked.model)
        if (refused := self._limits.enter(n)) is not None:
            return refused.wire, replace(blank, fault=refused.limit)
        if self._window and asked.prompt_tokens > self._window:
            refusal = too_long(asked.prompt_tokens, self._window)
            return self._leaving(refusal, n), replace(blank, fault=WINDOW)
        item = self._answer(request)
        wire, exchange = self._played(item, asked, blank)
        if isinstance(self._answer, Script) and _spoilt(item, exchange):
            self._answer.put_back(item)
        return self._leaving(wire, n), exchange

    def _played(self, item: Item, asked: Asked, blank: Exchange) -> tuple[list[Part], Exchange]:
        """An item with what befalls it."""
        good = list(play(item, asked))
        billed = rewire.counted(good) or asked.usage(rewire.said(good))
        if not isinstance(item, Say):
            return good, replace(blank, fault=f"script-{type(item).__name__.lower()}")
        n, time = self._tally.nth(blank.question)
        question = Question(n, blank.question, time, asked, item.text)
        fault = self._fate.fault(question)
        if fault is None:
            whole = item.finish_reason == "stop" and bool(item.text)
            return good, replace(blank, intact=whole, billed=billed)
        bad = list(fault.play(good, Case(asked, self._fate.dice(question), self._times)))
        if not fault.worked:
            billed = Usage()
        elif not fault.lies:
            billed = rewire.counted(bad) or billed
        return bad, replace(blank, fault=fault.name, intact=fault.intact, billed=billed)

    def _leaving(self, wire: list[Part], n: int) -> Iterator[Part]:
        """The wire with the headers of the limits. Its place is free before its end is out: who
        has read it may ask again at once."""
        for left, part in zip(range(len(wire) - 1, -1, -1), wire, strict=True):
            if not left:
                self._limits.leave(n)
            yield _also(part, self._limits.headers) if isinstance(part, Head) else part


def _spoilt(item: Item, exchange: Exchange) -> bool:
    return isinstance(item, Say) and bool(exchange.fault) and not exchange.intact


def _also(head: Head, headers: Mapping[str, str]) -> Head:
    return replace(head, headers={**headers, **head.headers})
