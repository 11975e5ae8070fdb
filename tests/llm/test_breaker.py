"""A provider that failed too often in a row is left alone, and tried by one request at a time."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from plain_client import ASKED, PlainClient, outcome, with_package

from gitagent.domain.call import Reply, Request
from gitagent.errors import BadReply, BudgetExceeded, ProviderUnavailable, Resting
from gitagent.llm import breaker as breaking
from gitagent.llm.breaker import BUSY_ROUNDS, FAILURES, Breaker, BreakerModel, Health
from gitagent.llm.retry import RetryModel
from gitagent.llm.shared_state import Cell, now, place
from gitagent.testing.scripted import Cut, Item, Say, ScriptedServer, Status

Serve = Callable[..., ScriptedServer]
KEY = "https://example.invalid FAKEKEY-breaker"
REST = 0.3
PROBE = """
import sys, time
from pathlib import Path
from gitagent.llm.breaker import Breaker
with Breaker(Path(sys.argv[1]), sys.argv[2]).passed("p"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def breaker(tmp_path: Path) -> Breaker:
    return Breaker(tmp_path / "shared", KEY, first_rest_s=REST)


def model(server: ScriptedServer, breaker: Breaker) -> BreakerModel:
    return BreakerModel(PlainClient(server.base_url), breaker)


def fail(breaker: Breaker, times: int = FAILURES, *, busy: bool = False) -> None:
    for _ in range(times):
        breaker.failed(now(), busy=busy)


def rested(breaker: Breaker) -> None:
    """Wait until the rest is over."""
    time.sleep(breaker.rests() + 0.01)


def answer(breaker: Breaker) -> None:
    with breaker.passed("p") as began:
        breaker.answered(began)


def test_failures_in_a_row_are_a_rest(server: Serve, breaker: Breaker) -> None:
    """After the fifth nothing is sent; the error says how long that will be."""
    running = server([Status(500), Status(503), Status(529), Cut("", reset=True), Status(502)])
    asked = model(running, breaker)
    for _ in range(FAILURES):
        assert breaker.health().state == "closed"
        with pytest.raises(ProviderUnavailable):
            asked.complete(ASKED)
    with pytest.raises(Resting, match=r"^p failed too often") as caught:
        asked.complete(ASKED)
    assert caught.value.unpaid
    assert 0 < (caught.value.retry_after or 0) <= REST
    assert len(running.calls) == FAILURES
    health = breaker.health()
    assert (health.state, health.failures) == ("open", FAILURES)
    assert 0 < asked.rests() <= REST


def test_one_answer_closes_it(server: Serve, breaker: Breaker) -> None:
    """After the rest one request tries, and where it is answered all is as it was."""
    fail(breaker)
    rested(breaker)
    assert breaker.health() == Health("half-open", FAILURES, 0.0)
    assert model(server([Say("x")]), breaker).complete(ASKED).text == "x"
    assert breaker.health() == Health("closed", 0, 0.0)


def test_an_answer_in_between_starts_the_count_anew(breaker: Breaker) -> None:
    """Only failures in a row count."""
    fail(breaker, FAILURES - 1)
    answer(breaker)
    fail(breaker, FAILURES - 1)
    assert breaker.health() == Health("closed", FAILURES - 1, 0.0)


def test_rests_double_up_to_a_bound(tmp_path: Path) -> None:
    """A provider that stays broken is tried ever less often, but never given up."""
    breaker = Breaker(tmp_path, KEY, first_rest_s=100.0)
    fail(breaker)
    rests = [breaker.rests()]
    for _ in range(3):
        with Cell(place(tmp_path, KEY, "breaker")).held() as state:
            state["until"] = now() - 1
        with breaker.passed("p") as began:
            breaker.failed(began, busy=False)
        rests.append(breaker.rests())
    assert rests == [pytest.approx(expected, abs=1) for expected in (100, 200, 300, 300)]


@pytest.mark.parametrize("item", [Status(400), Status(401), Status(402), Status(404)], ids=repr)
def test_a_rejection_comes_from_a_provider_that_is_well(
    server: Serve, breaker: Breaker, item: Item
) -> None:
    """It is no failure; what it says is what the user has to know, each time."""
    running = server([item] * 12)
    asked = model(running, breaker)
    fail(breaker, FAILURES - 1)
    assert [outcome_of(asked) for _ in range(12)] == ["ProviderRejected"] * 12
    assert len(running.calls) == 12
    assert breaker.health().failures == 0


def outcome_of(asked: BreakerModel) -> str:
    return outcome(asked)  # type: ignore[arg-type]


class Raising:
    """A model that always ends in the same way, whatever is asked."""

    profile = PlainClient("http://127.0.0.1").profile

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.asked = 0

    def complete(self, request: Request) -> Reply:
        self.asked += 1
        raise self.error


def test_a_reply_that_cannot_be_used_is_an_answer(breaker: Breaker) -> None:
    """The model is to blame, its provider is well."""
    fail(breaker)
    rested(breaker)
    with pytest.raises(BadReply):
        BreakerModel(Raising(BadReply()), breaker).complete(ASKED)
    assert breaker.health().state == "closed"


@pytest.mark.parametrize(
    "error", [BudgetExceeded(), Resting(busy=True), KeyboardInterrupt()], ids=repr
)
def test_what_was_not_sent_says_nothing(breaker: Breaker, error: Exception) -> None:
    """Neither well nor ill; and the next one may try."""
    fail(breaker)
    rested(breaker)
    for _ in range(3):
        with pytest.raises(type(error)):
            BreakerModel(Raising(error), breaker).complete(ASKED)
    assert breaker.health() == Health("half-open", FAILURES, 0.0)
    answer(breaker)
    assert breaker.health().state == "closed"


def test_too_many_requests_count_by_rounds(breaker: Breaker) -> None:
    """Twenty that were refused together are one; ten rounds in a row are too many."""
    together = now()
    for _ in range(20):
        breaker.failed(together, busy=True)
    assert breaker.health() == Health("closed", 1, 0.0)
    fail(breaker, BUSY_ROUNDS - 2, busy=True)
    assert breaker.health().state == "closed"
    fail(breaker, 1, busy=True)
    assert breaker.health().state == "open"


def test_one_request_at_a_time_tries(server: Serve, breaker: Breaker) -> None:
    """Of ten threads one is let through; the others are told to look again soon."""
    running = server(lambda _asked: Say("x", delay=0.3))
    fail(breaker)
    rested(breaker)
    with ThreadPoolExecutor(10) as pool:
        ended = list(pool.map(outcome_of, [model(running, breaker) for _ in range(10)]))
    assert sorted(ended) == ["Resting"] * 9 + ["ok"]
    assert len(running.calls) == 1
    assert breaker.health().state == "closed"


def test_a_probe_that_is_killed_is_followed_by_another(tmp_path: Path, breaker: Breaker) -> None:
    """The right to try is the kernel's to take back."""
    fail(breaker)
    rested(breaker)
    argv = [sys.executable, "-c", PROBE, str(tmp_path / "shared"), KEY]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=with_package()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(Resting):
            answer(breaker)
        process.kill()
        process.wait()
        answer(breaker)
    assert breaker.health().state == "closed"


def test_a_provider_that_is_busy_when_it_is_tried_rests_on(breaker: Breaker) -> None:
    """One failure of any kind is enough after a rest; and the next rest is longer."""
    fail(breaker)
    rested(breaker)
    with breaker.passed("p") as began:
        breaker.failed(began, busy=True)
    assert breaker.health().state == "open"
    assert breaker.rests() > REST


def test_what_was_sent_before_the_rest_says_nothing_after_it(breaker: Breaker) -> None:
    """A slow answer does not end the rest, a slow failure does not make it longer."""
    began = now()
    fail(breaker)
    breaker.answered(began)
    breaker.failed(began, busy=False)
    assert breaker.health().state == "open"
    rested(breaker)
    breaker.failed(began, busy=False)
    assert breaker.health().state == "half-open"


def test_it_comes_back_by_itself(server: Serve, breaker: Breaker) -> None:
    """Requests that wait for the rest's end are answered once the provider is well again."""
    broken = threading.Event()
    broken.set()
    running = server(lambda _asked: Status(503) if broken.is_set() else Say("x"))
    pool = ThreadPoolExecutor(4)
    asked = [
        RetryModel(model(running, breaker), attempts=4, first_wait_s=0.01, seconds=20)
        for _ in range(4)
    ]
    fail(breaker)
    futures = [pool.submit(outcome, one) for one in asked]
    time.sleep(REST / 2)
    broken.clear()
    assert [future.result(20) for future in futures] == ["ok"] * 4
    assert len(running.calls) == 4


def test_all_processes_know(tmp_path: Path, breaker: Breaker) -> None:
    """What one found out keeps the others from asking; another key's provider is another."""
    fail(breaker)
    assert Breaker(tmp_path / "shared", KEY).health().state == "open"
    assert Breaker(tmp_path / "shared", KEY + "2").health() == Health("closed", 0, 0.0)


@pytest.mark.parametrize(
    "state",
    [
        {"failures": 5, "rest": 15, "until": 1e12, "at": 1e12},
        {"failures": 5, "rest": 15, "until": -1e12},
        {"failures": 4, "at": 1.0},
    ],
    ids=str,
)
def test_a_time_that_cannot_be_or_is_long_ago_is_forgotten(
    tmp_path: Path, breaker: Breaker, state: dict[str, float]
) -> None:
    """A failure of another time is in no row with one of now."""
    with Cell(place(tmp_path / "shared", KEY, "breaker")).held() as held:
        held |= state
    if now() < breaking.FORGOTTEN_S + 1:
        pytest.skip("this machine has just been started")
    assert breaker.health() == Health("closed", 0, 0.0)
    fail(breaker, 1)
    assert breaker.health() == Health("closed", 1, 0.0)


def test_without_a_folder_a_process_has_its_own(tmp_path: Path) -> None:
    """A cache folder that cannot be written costs the others' knowledge, nothing else."""
    (tmp_path / "file").write_bytes(b"")
    breaker = Breaker(tmp_path / "file" / "shared", KEY, first_rest_s=REST)
    fail(breaker)
    with pytest.raises(Resting):
        answer(breaker)
    rested(breaker)
    with breaker.passed("p"), pytest.raises(Resting):
        answer(breaker)
    answer(breaker)
    assert breaker.health().state == "closed"


def test_without_a_breaker_it_is_always_asked() -> None:
    """A local model is never left alone."""
    inner = Raising(ProviderUnavailable())
    asked = BreakerModel(inner, None)
    for _ in range(20):
        with pytest.raises(ProviderUnavailable):
            asked.complete(ASKED)
    assert (inner.asked, asked.rests()) == (20, 0.0)
