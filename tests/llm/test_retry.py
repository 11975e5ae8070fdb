"""Another try for what may pass: bounded, told, and no sooner than the provider said."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from gitagent.domain.call import Message, Reply, Request, Usage
from gitagent.errors import (
    AgentError,
    BadReply,
    BudgetExceeded,
    ContextOverflow,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
    Resting,
)
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.retry import ATTEMPTS, RetryModel
from gitagent.llm.watchdog import Limits
from gitagent.ports import ModelProfile
from gitagent.testing.scripted import Cut, Html, Item, Refuse, Say, ScriptedServer, Status

LIMITS = Limits(5, 5)

Serve = Callable[..., ScriptedServer]
ASKED = Request("propose", (Message("user", "x"),), 10)
PROFILE = ModelProfile("m", "p", 8000, 1000, "whole")
REPLY = Reply("x", "m", "p", "stop", Usage(1, 1), 0.0)


def model(
    server: ScriptedServer, told: list[tuple[str, float]] | None = None, **bounds: Any
) -> RetryModel:
    client = ChatClient(
        Endpoint("p", server.base_url, "m", "FAKEKEY-retry"),
        PROFILE,
        limits=LIMITS,
        trace_id="0" * 32,
    )
    kept = told if told is not None else []
    return RetryModel(
        client,
        on_retry=lambda reason, seconds: kept.append((reason, seconds)),
        **{"first_wait_s": 0.01, **bounds},
    )


class Ends:
    """A model that ends in these ways, one after the other, at these times."""

    profile = PROFILE

    def __init__(self, errors: Iterable[AgentError], lasting_s: float = 0.0) -> None:
        self._errors = iter(errors)
        self._lasting_s = lasting_s
        self.time = 0.0
        self.asked_at: list[float] = []

    def complete(self, request: Request) -> Reply:
        self.asked_at.append(self.time)
        self.time += self._lasting_s
        if error := next(self._errors, None):
            raise error
        return REPLY

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def retried(self, **bounds: Any) -> RetryModel:
        """With its own clock, on which waits take no time."""
        return RetryModel(self, clock=lambda: self.time, sleep=self.sleep, **bounds)


def failed(charged: float = 0.0, **what: Any) -> ProviderUnavailable:
    error = ProviderUnavailable("p failed.", **what)
    error.charged = charged
    return error


def test_a_passing_failure_is_tried_again_and_told(server: Serve) -> None:
    """Each further try is announced with the reason and the wait; then the answer counts."""
    told: list[tuple[str, float]] = []
    running = server([Status(503), Cut("half"), Status(529), Say("whole")])
    assert model(running, told).complete(ASKED).text == "whole"
    assert ["503" in told[0][0], "broke off" in told[1][0], "529" in told[2][0]] == [True] * 3
    assert all(0 < seconds < 1 for _, seconds in told)
    assert len(running.calls) == len(told) + 1 == 4


@pytest.mark.parametrize("attempts", [1, 2, ATTEMPTS])
def test_attempts_are_bounded(server: Serve, attempts: int) -> None:
    """A provider that stays broken is given up, with its last word."""
    running = server([Status(500)] * 10)
    with pytest.raises(ProviderUnavailable, match="answered 500"):
        model(running, attempts=attempts).complete(ASKED)
    assert len(running.calls) == attempts


def test_waits_double_and_differ() -> None:
    """Nobody waits as long as the next one: full jitter up to a bound that doubles."""
    waits: list[list[float]] = [[], [], []]
    for _ in range(300):
        ends = Ends([failed(), failed(), failed()])
        ends.retried().complete(ASKED)
        for n in range(3):
            waits[n].append(ends.asked_at[n + 1] - ends.asked_at[n])
    for n, most in enumerate((1.0, 2.0, 4.0)):
        assert max(waits[n]) <= most
        assert min(waits[n]) < 0.1 * most < 0.9 * most < max(waits[n])


def test_a_wait_has_a_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many attempts there are."""
    ends = Ends([failed()] * 1000)
    with pytest.raises(ProviderUnavailable):
        ends.retried(attempts=1000, seconds=math.inf).complete(ASKED)
    gaps = [after - before for before, after in zip(ends.asked_at, ends.asked_at[1:], strict=False)]
    assert len(ends.asked_at) == 1000
    assert max(gaps) <= 60


def test_retry_after_is_honoured(server: Serve) -> None:
    """No sooner than the provider said, whatever the own backoff would be, and not much later."""
    told: list[tuple[str, float]] = []
    running = server([Status(429, headers={"Retry-After": "0.3"}), Say("x")])
    started = time.monotonic()
    model(running, told).complete(ASKED)
    assert time.monotonic() - started >= 0.3
    assert 0.3 <= told[0][1] <= 0.33


@pytest.mark.parametrize("after", ["-1", "0", "nan", "nonsense"])
def test_a_strange_retry_after_is_no_crash(server: Serve, after: str) -> None:
    """A time in the past, or none, is a try after the own backoff."""
    running = server([Status(429, headers={"Retry-After": after}), Say("x")])
    assert model(running).complete(ASKED).text == "x"


def test_at_once_is_not_all_at_once() -> None:
    """A provider that says `now` to everybody gets them one after the other all the same."""
    waits = set()
    for _ in range(50):
        ends = Ends([failed(retry_after=0.0)])
        ends.retried().complete(ASKED)
        waits.add(round(ends.asked_at[1], 1))
    assert len(waits) > 5


@pytest.mark.parametrize("kind", [ProviderUnavailable, Resting])
def test_a_time_that_is_no_number_is_none(kind: type[ProviderUnavailable]) -> None:
    """The own backoff counts."""
    ends = Ends([kind(retry_after=math.nan)])
    assert ends.retried().complete(ASKED) == REPLY
    assert 0 <= ends.time <= 1


@pytest.mark.parametrize("after", ["61", "86400", "inf"])
def test_a_wait_that_is_too_long_is_not_begun(server: Serve, after: str) -> None:
    """What does not fit into the time that is left ends the tries at once."""
    running = server([Status(429, headers={"Retry-After": after}), Say("x")])
    started = time.monotonic()
    with pytest.raises(ProviderUnavailable):
        model(running, seconds=60).complete(ASKED)
    assert time.monotonic() - started < 5
    assert len(running.calls) == 1


def test_where_somebody_else_can_be_asked_a_wait_may_be_shorter() -> None:
    """The longest wait that is worth it is for the caller to say."""
    ends = Ends([failed(retry_after=30.0)])
    with pytest.raises(ProviderUnavailable):
        ends.retried(longest_wait_s=20.0).complete(ASKED)
    assert Ends([failed(retry_after=19.0)]).retried(longest_wait_s=21.0).complete(ASKED) == REPLY


def test_no_attempt_begins_when_the_time_is_over() -> None:
    """The time of the attempts themselves counts, too."""
    ends = Ends([failed()] * 100, lasting_s=40.0)
    with pytest.raises(ProviderUnavailable):
        ends.retried(attempts=100, seconds=100.0).complete(ASKED)
    assert len(ends.asked_at) in (2, 3)
    assert ends.asked_at[-1] <= 100


def test_the_time_is_real(server: Serve) -> None:
    """Held against the clock, not against the sum of the waits."""
    running = server(lambda _asked: Status(503, headers={"Retry-After": "0.2"}))
    started = time.monotonic()
    with pytest.raises(ProviderUnavailable):
        model(running, attempts=100, seconds=0.7).complete(ASKED)
    assert time.monotonic() - started < 1.5
    assert 2 <= len(running.calls) <= 4


@pytest.mark.parametrize(
    ("charges", "usd", "attempts"),
    [
        ([0.4] * 9, 1.0, 2),
        ([0.5] * 9, 1.0, 2),
        ([0.6] * 9, 1.0, 1),
        ([0.1, 0.6, 0.0, 0.0], 1.0, 2),
        ([0.0] * 9, 0.000001, 5),
        ([9.0] * 9, 0.0, 5),
    ],
)
def test_what_failed_attempts_cost_is_bounded(
    charges: list[float], usd: float, attempts: int
) -> None:
    """One that would pass the bound, if it fails like the dearest before it, is not made."""
    ends = Ends([failed(charged) for charged in charges])
    with pytest.raises(ProviderUnavailable):
        ends.retried(attempts=5, usd=usd).complete(ASKED)
    assert len(ends.asked_at) == attempts
    assert not usd or sum(charges[:attempts]) <= usd


def resting(seconds: float) -> Resting:
    return Resting("p rests.", retry_after=seconds, unpaid=True)


def test_a_rest_is_waited_for_and_is_no_attempt() -> None:
    """Nothing was sent, so all attempts are still to be had."""
    ends = Ends([resting(15.0), failed(), resting(30.0), failed(), failed()])
    assert ends.retried(attempts=4).complete(ASKED) == REPLY
    assert ends.asked_at[1] - ends.asked_at[0] >= 15
    assert ends.asked_at[3] - ends.asked_at[2] >= 30


def test_rests_end_with_the_time(server: Serve) -> None:
    """A provider that never gets well is not waited for without end."""
    ends = Ends(resting(50.0) for _ in range(1000))
    with pytest.raises(Resting):
        ends.retried(seconds=600).complete(ASKED)
    assert 10 <= len(ends.asked_at) <= 13
    assert ends.time <= 600


@pytest.mark.parametrize(
    "item",
    [
        Status(400),
        Status(401),
        Status(402),
        Status(404),
        Status(500, headers={"x-should-retry": "false"}),
        Html(),
        Refuse("no"),
        Say(""),
    ],
    ids=repr,
)
def test_what_stays_wrong_is_asked_once(server: Serve, item: Item) -> None:
    """Rejections and unusable replies are not worth a second call."""
    running = server([item, Say("x")])
    with pytest.raises(ProviderError) as caught:
        model(running).complete(ASKED)
    assert not isinstance(caught.value, ProviderUnavailable)
    assert len(running.calls) == 1


def test_an_exhausted_script_is_asked_once(server: Serve) -> None:
    """One unexpected call stays one."""
    running = server([])
    with pytest.raises(ProviderRejected):
        model(running).complete(ASKED)
    assert len(running.calls) == 1


@pytest.mark.parametrize(
    "error", [BudgetExceeded(), ContextOverflow(), BadReply(), ProviderRejected()], ids=repr
)
def test_other_endings_pass_through(error: AgentError) -> None:
    """A budget that is reached, or what another try cannot change, ends the tries at once."""
    ends = Ends([failed(), error, failed()])
    with pytest.raises(type(error)) as caught:
        ends.retried().complete(ASKED)
    assert caught.value is error
    assert len(ends.asked_at) == 2


def test_an_interrupt_ends_the_wait(server: Serve) -> None:
    """Whoever presses Ctrl-C is not asked to wait for the next try."""
    ends = Ends([failed()] * 9)

    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RetryModel(ends, sleep=interrupted).complete(ASKED)
    assert len(ends.asked_at) == 1
