"""A provider that failed too often in a row is left alone for a while, by all processes.

What counts is whether it answers at all. A request that it rejects, a key that it does not take
and a reply that cannot be used come from a provider that is well: asking again costs little, and
what it says is what the user has to know. After the rest one single request tries how it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gitagent.domain.call import Reply, Request
from gitagent.errors import BadReply, ProviderRejected, ProviderUnavailable, Resting
from gitagent.llm.shared_state import Cell, Claim, State, now, place
from gitagent.ports import Model, ModelProfile

FAILURES, BUSY_ROUNDS = 5, 10
"""How many in a row are too many; requests refused together as too many count once."""
FIRST_REST_S, LONGEST_REST_S = 15.0, 300.0
FORGOTTEN_S = 600.0
"""A failure so long ago is in no row with one of now."""
PROBED_S = 1.0
"""When to look again while another request tries how the provider is."""


@dataclass(frozen=True)
class Health:
    """How a provider does: failures in a row, and the seconds for which it is left alone."""

    state: Literal["closed", "open", "half-open"]
    failures: int
    rests_s: float


class Breaker:
    """The shared breaker of one endpoint and key; make one for each, whatever the model."""

    def __init__(
        self,
        folder: Path,
        provider_key: str,
        *,
        failures: int = FAILURES,
        busy_rounds: int = BUSY_ROUNDS,
        first_rest_s: float = FIRST_REST_S,
    ) -> None:
        self._cell = Cell(place(folder, provider_key, "breaker"))
        self._probe = Claim(place(folder, provider_key, "probe"))
        self._failures = failures
        self._busy_rounds = busy_rounds
        self._first_rest_s = first_rest_s

    def health(self) -> Health:
        """How the provider does by what is known; it is not asked."""
        state = _current(self._cell.seen())
        failures = int(max(state.get("failures", 0.0), state.get("busy", 0.0)))
        if not state.get("rest"):
            return Health("closed", failures, 0.0)
        left = _left(state)
        return Health("open" if left else "half-open", failures, left)

    def rests(self) -> float:
        """Seconds for which the provider is left alone; 0 where it may be asked."""
        return _left(_current(self._cell.seen()))

    @contextmanager
    def passed(self, name: str) -> Iterator[float]:
        """Hold the right to ask while the block runs; gives the time at which it was had.

        Raises Resting where nobody may ask now, or where one who tries it is under way.
        """
        if not self._tripped(name):
            yield now()
            return
        probe = self._probe.take()
        if probe is None:
            raise _resting(name, PROBED_S)
        try:
            if not self._tripped(name):  # the last probe has just ended well
                probe.release()
            yield now()
        finally:
            probe.release()

    def answered(self, began: float) -> None:
        """The provider answered a request that was sent at `began`."""
        if self._cell.seen():
            with self._cell.held() as state:
                if not _outdated(state, began):
                    state.clear()

    def failed(self, began: float, *, busy: bool) -> None:
        """A request that was sent at `began` failed; `busy` where there were too many of them."""
        with self._cell.held() as state:
            known = _current(state)
            state.clear()
            state |= known
            if _outdated(state, began) or (busy and began < state.get("busy_at", 0.0)):
                return
            kind, most = ("busy", self._busy_rounds) if busy else ("failures", self._failures)
            state |= {kind: state.get(kind, 0.0) + 1, "at": now()}
            if busy:
                state["busy_at"] = now()
            if state.get("rest") or state[kind] >= most:
                self._open(state)

    def _open(self, state: State) -> None:
        rest = min(2 * state["rest"] if state.get("rest") else self._first_rest_s, LONGEST_REST_S)
        state |= {"rest": rest, "until": now() + rest}

    def _tripped(self, name: str) -> bool:
        """Whether it must be tried out first; Resting where it is too early for that."""
        state = _current(self._cell.seen())
        if left := _left(state):
            raise _resting(name, left)
        return bool(state.get("rest"))


class BreakerModel:
    """Wraps a model that is not asked while its provider rests; without a breaker always."""

    def __init__(self, inner: Model, breaker: Breaker | None) -> None:
        self._inner = inner
        self._breaker = breaker
        self.profile: ModelProfile = inner.profile

    def rests(self) -> float:
        """Seconds for which the provider will not be asked."""
        return self._breaker.rests() if self._breaker else 0.0

    def complete(self, request: Request) -> Reply:
        breaker = self._breaker
        if breaker is None:
            return self._inner.complete(request)
        with breaker.passed(self.profile.provider) as began:
            try:
                reply = self._inner.complete(request)
            except (ProviderRejected, BadReply):
                breaker.answered(began)
                raise
            except ProviderUnavailable as error:
                if not isinstance(error, Resting):
                    breaker.failed(began, busy=error.busy)
                raise
            breaker.answered(began)
            return reply


def _resting(name: str, seconds: float) -> Resting:
    return Resting(
        f"{name} failed too often in a row and is left alone for {max(1.0, seconds):.0f} s.",
        retry_after=seconds,
        unpaid=True,
    )


def _outdated(state: State, began: float) -> bool:
    """Whether a request was sent before the rest that its provider was then given."""
    return bool(state.get("rest")) and began < state.get("until", 0.0)


def _current(state: State) -> State:
    """What of a state still says something about now."""
    last = max(state.get("at", 0.0), state.get("until", 0.0))
    return dict(state) if -LONGEST_REST_S <= now() - last < FORGOTTEN_S else {}


def _left(state: State) -> float:
    left = state.get("until", 0.0) - now()
    return left if 0 < left <= LONGEST_REST_S else 0.0
