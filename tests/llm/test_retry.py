"""Another try for what may pass: bounded, told, and no sooner than the provider said."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from gitagent.domain.call import Message, Request
from gitagent.errors import BudgetExceeded, ProviderError, ProviderRejected, ProviderUnavailable
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.retry import ATTEMPTS, RetryModel
from gitagent.ports import ModelProfile
from gitagent.testing.scripted import Cut, Html, Item, Refuse, Say, ScriptedServer, Status

Serve = Callable[..., ScriptedServer]
ASKED = Request("propose", (Message("user", "x"),), 10)


def model(server: ScriptedServer, told: list[tuple[str, float]] | None = None) -> RetryModel:
    profile = ModelProfile("m", "p", 8000, 1000, "whole")
    client = ChatClient(
        Endpoint("p", server.base_url, "m", "FAKEKEY-retry"),
        profile,
        silence_s=5,
        trace_id="0" * 32,
    )
    kept = told if told is not None else []
    return RetryModel(
        client,
        on_retry=lambda reason, seconds: kept.append((reason, seconds)),
        first_wait_s=0.01,
    )


def test_a_passing_failure_is_tried_again_and_told(server: Serve) -> None:
    """Each further try is announced with the reason and the wait; then the answer counts."""
    told: list[tuple[str, float]] = []
    running = server([Status(503), Cut("half"), Status(529), Say("whole")])
    assert model(running, told).complete(ASKED).text == "whole"
    assert ["503" in told[0][0], "broke off" in told[1][0], "529" in told[2][0]] == [True] * 3
    assert all(0 < seconds < 1 for _, seconds in told)
    assert len(running.calls) == len(told) + 1 == 4


def test_tries_are_bounded(server: Serve) -> None:
    """A provider that stays broken is given up, with its last word."""
    running = server([Status(500)] * 10)
    with pytest.raises(ProviderUnavailable, match="answered 500"):
        model(running).complete(ASKED)
    assert len(running.calls) == ATTEMPTS


def test_retry_after_is_honoured(server: Serve) -> None:
    """No sooner than the provider said, whatever the own backoff would be."""
    told: list[tuple[str, float]] = []
    running = server([Status(429, headers={"Retry-After": "0.3"}), Say("x")])
    started = time.monotonic()
    model(running, told).complete(ASKED)
    assert time.monotonic() - started >= 0.3
    assert told[0][1] == 0.3


@pytest.mark.parametrize("after", ["-1", "0", "nan"])
def test_a_strange_retry_after_is_no_crash(server: Serve, after: str) -> None:
    """A time in the past, or none, is a try at once or after the own backoff."""
    running = server([Status(429, headers={"Retry-After": after}), Say("x")])
    assert model(running).complete(ASKED).text == "x"


@pytest.mark.parametrize("after", ["61", "86400", "inf"])
def test_a_wait_that_is_too_long_is_not_begun(server: Serve, after: str) -> None:
    """Nobody waits an hour before the screen: the run ends and can be resumed."""
    running = server([Status(429, headers={"Retry-After": after}), Say("x")])
    started = time.monotonic()
    with pytest.raises(ProviderUnavailable):
        model(running).complete(ASKED)
    assert time.monotonic() - started < 5
    assert len(running.calls) == 1


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


def test_other_endings_pass_through() -> None:
    """A budget that is reached, or an interrupt, ends the retries at once."""

    class Broke:
        profile = ModelProfile("m", "p", 1, 1, "whole")
        calls = 0

        def complete(self, request: Request) -> object:
            self.calls += 1
            raise BudgetExceeded

    broke = Broke()
    with pytest.raises(BudgetExceeded):
        RetryModel(broke, first_wait_s=0.01).complete(ASKED)  # type: ignore[arg-type]
    assert broke.calls == 1
