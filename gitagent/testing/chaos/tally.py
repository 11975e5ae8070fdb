"""What the server has done, counted: the other side of a client's own account.

A client that says it never paid twice is believed where the server says so, too.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from gitagent.domain.call import Usage

CLOSING_SECONDS = 2.0


@dataclass(frozen=True)
class Exchange:
    """One chat request and what became of it.

    `n` is the number of the request among all that the server received. `question` is a hash of
    model, messages, max_tokens and temperature, `prompt` one of messages and temperature. `state`
    is `delivered` where the client has read all that was sent. `billed` are the tokens that a
    provider would charge.
    """

    n: int
    question: str
    prompt: str
    model: str
    fault: str = ""
    intact: bool = False
    billed: Usage = field(default_factory=Usage)
    state: Literal["open", "delivered", "broken"] = "open"

    @property
    def answered(self) -> bool:
        """Whether the client has the whole answer, in a form that it can use."""
        return self.intact and self.state == "delivered"


@dataclass(frozen=True)
class Prices:
    """USD per million tokens."""

    input: float = 0.0
    output: float = 0.0

    def usd(self, usage: Usage) -> float:
        return (usage.prompt * self.input + usage.completion * self.output) / 1e6


class Tally:
    """Keeps the exchanges of one server; any thread may add to them."""

    def __init__(self) -> None:
        self._exchanges: dict[int, Exchange] = {}
        self._asked: Counter[str] = Counter()
        self._dropped = 0
        self._changed = threading.Condition()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All exchanges in the order of the requests."""
        with self._changed:
            return tuple(self._exchanges[n] for n in sorted(self._exchanges))

    @property
    def dropped(self) -> int:
        """Connections that were closed before anything was read."""
        with self._changed:
            return self._dropped

    def drop(self) -> None:
        """A connection was closed before anything was read."""
        with self._changed:
            self._dropped += 1

    def begin(self, exchange: Exchange) -> None:
        with self._changed:
            self._exchanges[exchange.n] = exchange

    def end(self, n: int, *, delivered: bool) -> None:
        """The connection of request `n` is closed."""
        with self._changed:
            if n in self._exchanges:
                state: Literal["delivered", "broken"] = "delivered" if delivered else "broken"
                self._exchanges[n] = replace(self._exchanges[n], state=state)
                self._changed.notify_all()

    def nth(self, question: str) -> tuple[int, int]:
        """Count a question: the number of it among all, and among those that are the same."""
        with self._changed:
            self._asked[question] += 1
            return self._asked.total(), self._asked[question]

    def settle(self, seconds: float = CLOSING_SECONDS) -> None:
        """Wait until no answer is under way, but not for longer: one may be a long silence."""
        with self._changed:
            self._changed.wait_for(self._settled, seconds)

    def _settled(self) -> bool:
        return all(e.state != "open" for e in self._exchanges.values())


def question_hash(request: Mapping[str, Any]) -> str:
    """Names what is asked of whom, and nothing of how it is asked for (stream, user, …)."""
    limit = request.get("max_tokens", request.get("max_completion_tokens"))
    asked = (request.get("model"), request.get("messages"), limit, request.get("temperature"))
    return _hash(asked)


def prompt_hash(request: Mapping[str, Any]) -> str:
    """Names messages and temperature, whichever model they were sent to, with whatever limits."""
    return _hash((request.get("messages"), request.get("temperature")))


def document(exchanges: Iterable[Exchange], dropped: int, prices: Prices) -> dict[str, Any]:
    """The report of `GET /chaos/report`."""
    kept = tuple(exchanges)
    by_question: dict[str, list[Exchange]] = {}
    for exchange in kept:
        by_question.setdefault(exchange.question, []).append(exchange)
    questions = [_question(name, asked) for name, asked in by_question.items()]
    states = Counter(e.state for e in kept)
    return {
        "requests": len(kept),
        **{state: states[state] for state in ("delivered", "broken", "open")},
        "dropped": dropped,
        "faulty": sum(bool(e.fault) for e in kept),
        "answered": sum(e.answered for e in kept),
        "answered_twice": sum(q["answered"] > 1 for q in questions),
        "faults": dict(sorted(Counter(e.fault for e in kept if e.fault).items())),
        "billed": _billed(kept, prices),
        "questions": questions,
    }


def _question(name: str, asked: list[Exchange]) -> dict[str, Any]:
    return {
        "question": name,
        "prompt": asked[0].prompt,
        "model": asked[0].model,
        "asked": len(asked),
        "answered": sum(e.answered for e in asked),
        "faults": [e.fault for e in asked if e.fault],
    }


def _billed(exchanges: Iterable[Exchange], prices: Prices) -> dict[str, Any]:
    usages = [exchange.billed for exchange in exchanges]
    return {
        "prompt_tokens": sum(u.prompt for u in usages),
        "completion_tokens": sum(u.completion for u in usages),
        "usd": round(sum(map(prices.usd, usages)), 9),
    }


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
