"""How many requests of ours are under way with one key, and when the next may go out.

All threads and processes of the user share it, since the provider counts them together: when it
says 429 to one of them, all of them slow down. A process that is killed gives its slot back.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitagent.domain.call import Reply, Request
from gitagent.errors import BadReply, ProviderUnavailable, Resting
from gitagent.llm import rate_headers
from gitagent.llm.shared_state import Cell, Claim, Held, State, now, place
from gitagent.ports import Model, ModelProfile

FIRST_LIMIT = 8
"""Requests at once with a key that nothing is known of: nearly every key takes as many, and where
one does not, eight requests that cost nothing are all that is lost in finding out."""
MOST = 64
FIRST_PAUSE_S, LONGEST_OWN_PAUSE_S, MOST_ROUNDS = 0.5, 8.0, 32.0
LONGEST_PAUSE_S = 600.0
"""Whatever a provider says: after that somebody may ask whether it still means it."""
FORGOTTEN_S = 600.0
"""What was learned so long ago says nothing of now."""
GAP_OF_PAUSE, MOST_FIRST_GAP_S, MOST_GAP_S = 0.25, 2.0, 8.0
SMALLER_GAP, LEAST_GAP_S = 0.9, 0.002
"""After a refusal requests go out one by one, so far apart; each success brings them closer."""
LEAST_SPREAD_S, MOST_SPREAD_S, SPREAD = 0.05, 2.0, 0.1
FIRST_LOOK_S, LONGEST_LOOK_S = 0.005, 0.1
TOLD_S = 1.0
TURN_WAIT_S = 1.0

OnWait = Callable[[str, float], None]


@dataclass(frozen=True)
class Turn:
    """A request's place among those under way: its slot from 0, and when it got it."""

    slot: int
    began: float
    held: Held


class Throttle:
    """The shared limiter of one key; make one for each, however many models it is for.

    `first_pause_s` is how long a first 429 that names no time keeps everybody quiet.
    """

    def __init__(
        self, folder: Path, provider_key: str, *, first_pause_s: float = FIRST_PAUSE_S
    ) -> None:
        self._cell = Cell(place(folder, provider_key, "throttle"))
        self._slots = [Claim(place(folder, provider_key, f"slot-{n}")) for n in range(MOST)]
        self._first_pause_s = first_pause_s
        self._last = threading.local()

    @property
    def limit(self) -> int:
        """How many requests may be under way now."""
        return _limit(self._cell.seen())

    def pause(self) -> float:
        """Seconds for which nobody sends anything; 0 where anybody may."""
        return _pause(self._cell.seen())

    @contextmanager
    def turn(
        self, patience_s: float, on_wait: OnWait, name: str = "The provider"
    ) -> Iterator[Turn]:
        """Wait for a turn, at most so long, and have it while the block runs.

        Raises Resting where it would take longer; nothing was sent then.
        """
        turn = self._wait(patience_s, on_wait, name)
        self._last.pause, self._last.refused = 0.0, False
        try:
            yield turn
        finally:
            turn.held.release()

    def learn(self, headers: Mapping[str, str], status: int = 0) -> None:
        """Take note of an answer's headers, a good one's or a bad one's.

        To be called in the thread that waits for the answer.
        """
        self._last.pause = rate_headers.pause(headers, refused=True)
        if not status or status < 400:
            self._hold(rate_headers.pause(headers, refused=False))

    def went_well(self, turn: Turn) -> None:
        """The provider answered: where the limit was in use, a little more may be tried."""
        state = self._cell.seen()
        in_use = turn.slot + 1 > _limit(state) / 2
        if not (in_use or state.get("rounds") or state.get("gap")):
            return
        with self._cell.held() as state:
            gap = SMALLER_GAP * _gap(state)
            state |= {"rounds": 0.0, "gap": gap if gap > LEAST_GAP_S else 0.0}
            state["good"] = state.get("good", 0.0) + in_use
            if state["good"] >= _limit(state):
                state |= {"limit": min(MOST, _limit(state) + 1.0), "good": 0.0}

    def refused(self, turn: Turn, retry_after: float | None) -> None:
        """The provider had too many requests of ours: fewer from now on, and none for a while.

        Requests that were under way together count once.
        """
        said = getattr(self._last, "pause", 0.0) if retry_after is None else retry_after
        self._last.refused = True
        with self._cell.held() as state:
            rounds = min(state.get("rounds", 0.0), MOST_ROUNDS)
            own = min(self._first_pause_s * 2.0**rounds, LONGEST_OWN_PAUSE_S)
            pause = said if said > 0 else own
            if not turn.began < state.get("cut", 0.0) <= now():
                gap = max(2 * _gap(state), min(pause * GAP_OF_PAUSE, MOST_FIRST_GAP_S))
                state |= {"limit": float(max(1, _limit(state) // 2)), "good": 0.0}
                state |= {"gap": min(gap, MOST_GAP_S), "rounds": rounds + 1, "cut": now()}
            _extend(state, pause)

    def _hold(self, pause_s: float) -> None:
        if pause_s > 0:
            with self._cell.held() as state:
                _extend(state, pause_s)

    def _wait(self, patience_s: float, on_wait: OnWait, name: str) -> Turn:
        began = now()
        ends, look, told = began + patience_s, FIRST_LOOK_S, False
        while True:
            state = self._cell.seen()
            pause = _pause(state)
            if not pause and (turn := self._taken(_limit(state))):
                if self._spaced(_gap(state)):
                    return turn
                turn.held.release()
            left = ends - now()
            if pause > left or left <= 0:
                raise _too_long(name, pause)
            if pause:
                if pause >= TOLD_S:
                    on_wait(f"{name} wants no request for now.", pause)
                behind = getattr(self._last, "refused", False)
                time.sleep(min(left, pause + _spread(pause, behind=behind)))
                continue
            if not told and now() - began > TOLD_S:
                told = True
                on_wait(f"{name} has {_limit(state)} requests of ours under way.", left)
            time.sleep(min(left, random.uniform(look / 2, look)))
            look = min(2 * look, LONGEST_LOOK_S)

    def _spaced(self, gap: float) -> bool:
        """Whether the last request went out long enough ago; then the next one does now."""
        if not gap:
            return True
        with self._cell.held() as state:
            if now() - gap < state.get("sent", 0.0) <= now():
                return False
            state["sent"] = now()
            return True

    def _taken(self, limit: int) -> Turn | None:
        """The lowest free slot: how high it is says how many are under way."""
        for n, slot in enumerate(self._slots[:limit]):
            if held := slot.take():
                return Turn(n, now(), held)
        return None


class ThrottledModel:
    """Wraps a model that is asked when it is its turn; without a throttle that is always.

    `on_wait` gets the reason and the seconds of a wait that people notice. Raises Resting where a
    turn would take longer than `patience_s`.
    """

    def __init__(
        self,
        inner: Model,
        throttle: Throttle | None,
        *,
        patience_s: float = 60.0,
        on_wait: OnWait = lambda _reason, _seconds: None,
    ) -> None:
        self._inner = inner
        self._throttle = throttle
        self._patience_s = patience_s
        self._on_wait = on_wait
        self.profile: ModelProfile = inner.profile

    def complete(self, request: Request) -> Reply:
        throttle = self._throttle
        if throttle is None:
            return self._inner.complete(request)
        with throttle.turn(self._patience_s, self._on_wait, self.profile.provider) as turn:
            try:
                reply = self._inner.complete(request)
            except BadReply:
                throttle.went_well(turn)
                raise
            except ProviderUnavailable as error:
                if error.busy and not isinstance(error, Resting):
                    throttle.refused(turn, error.retry_after)
                raise
            throttle.went_well(turn)
            return reply


def _too_long(name: str, pause: float) -> Resting:
    after = pause or TURN_WAIT_S
    return Resting(
        f"{name} has had too many requests of ours; the next may go out in {after:.0f} s.",
        retry_after=after,
        unpaid=True,
        busy=True,
    )


def _limit(state: State) -> int:
    known = state.get("limit", 0.0)
    return int(min(MOST, max(1.0 if known and _fresh(state) else FIRST_LIMIT, known)))


def _gap(state: State) -> float:
    return min(state.get("gap", 0.0), MOST_GAP_S) if _fresh(state) else 0.0


def _fresh(state: State) -> bool:
    return 0 <= now() - state.get("cut", 0.0) < FORGOTTEN_S


def _pause(state: State) -> float:
    left = state.get("until", 0.0) - now()
    return left if 0 < left <= LONGEST_PAUSE_S else 0.0


def _extend(state: State, pause_s: float) -> None:
    state["until"] = now() + max(_pause(state), min(pause_s, LONGEST_PAUSE_S))


def _spread(pause: float, *, behind: bool) -> float:
    """So that those who wait for the same moment come one after the other, in any order.

    Who was refused comes behind the others: a few refusals are then no one's last attempt.
    """
    most = min(MOST_SPREAD_S, max(LEAST_SPREAD_S, SPREAD * pause))
    return random.uniform(most, 2 * most) if behind else random.uniform(0, most)
