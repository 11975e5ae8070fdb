"""The shared limiter of one key: how many at once, and not before when."""

from __future__ import annotations

import itertools
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from plain_client import ASKED, PlainClient, with_package

from gitagent.errors import ProviderRejected, ProviderUnavailable, Resting
from gitagent.llm import throttle as throttling
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.shared_state import Cell, now, place
from gitagent.llm.throttle import FIRST_LIMIT, LONGEST_PAUSE_S, Throttle, ThrottledModel, Turn
from gitagent.llm.watchdog import Limits
from gitagent.ports import ModelProfile
from gitagent.testing.scripted import Item, Say, ScriptedServer, Status

Serve = Callable[..., ScriptedServer]
KEY = "https://example.invalid FAKEKEY-throttle"
HOLD = """
import sys, time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from gitagent.llm.throttle import Throttle
with Throttle(Path(sys.argv[1]), sys.argv[2]).turn(5, print):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def throttle(tmp_path: Path) -> Throttle:
    return Throttle(tmp_path / "shared", KEY, first_pause_s=0.01)


def model(server: ScriptedServer, throttle: Throttle, patience_s: float = 10.0) -> ThrottledModel:
    client = PlainClient(server.base_url, on_headers=throttle.learn)
    return ThrottledModel(client, throttle, patience_s=patience_s)


def in_turn(throttle: Throttle, patience_s: float = 0.0) -> Turn:
    """A turn that has come and is over."""
    with throttle.turn(patience_s, ignore) as turn:
        return turn


def ignore(_reason: str, _seconds: float) -> None:
    """Nobody looks."""


@contextmanager
def turns(throttle: Throttle, count: int) -> Iterator[list[Turn]]:
    """So many turns at once."""
    with ExitStack() as stack:
        yield [stack.enter_context(throttle.turn(1.0, ignore)) for _ in range(count)]


def cut(throttle: Throttle, times: int) -> None:
    """Refuse so many rounds, and wait until the pause after them is over."""
    for _ in range(times):
        throttle.refused(in_turn(throttle, 5.0), 0.001)
    time.sleep(0.002)


class Crowd:
    """Answers after a while, and knows how many waited at once and when each came."""

    def __init__(self, answer: Callable[[int], Item], lasting_s: float = 0.05) -> None:
        self._answer = answer
        self._lasting_s = lasting_s
        self._lock = threading.Lock()
        self._here = 0
        self.most = 0
        self.came: list[float] = []

    def __call__(self, _asked: dict[str, Any]) -> Item:
        with self._lock:
            self.came.append(now())
            n = len(self.came)
            self._here += 1
            self.most = max(self.most, self._here)
        time.sleep(self._lasting_s)
        with self._lock:
            self._here -= 1
        return self._answer(n)


def test_a_new_key_takes_a_few_requests_at_once(server: Serve, throttle: Throttle) -> None:
    """Twenty threads that ask at once are answered, never more than the limit at a time."""
    crowd = Crowd(lambda _n: Say("x"))
    asked = model(server(crowd), throttle)
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(asked.complete, [ASKED] * 20))
    assert [reply.text for reply in replies] == ["x"] * 20
    assert 2 <= crowd.most <= throttle.limit
    assert FIRST_LIMIT < throttle.limit < 20  # it grew: the limit was in use


def test_one_request_after_the_other_proves_nothing(server: Serve, throttle: Throttle) -> None:
    """The limit grows only where it is in use."""
    asked = model(server(lambda _asked: Say("x")), throttle)
    for _ in range(30):
        asked.complete(ASKED)
    assert throttle.limit == FIRST_LIMIT


def test_a_refusal_halves_the_limit(throttle: Throttle) -> None:
    """Again and again, down to one."""
    limits = [throttle.limit]
    for _ in range(5):
        cut(throttle, 1)
        limits.append(throttle.limit)
    assert limits == [8, 4, 2, 1, 1, 1]


def test_refusals_of_one_round_halve_it_once(throttle: Throttle) -> None:
    """Requests that were under way together tell the same story."""
    with turns(throttle, 8) as together:
        for turn in together:
            throttle.refused(turn, None)
    assert throttle.limit == 4


def test_the_limit_comes_back_one_by_one(throttle: Throttle) -> None:
    """A round of successes at the limit is worth one more."""
    cut(throttle, 2)
    limits = []
    for _ in range(4):
        with turns(throttle, throttle.limit) as together:
            for turn in together * 2:
                throttle.went_well(turn)
        limits.append(throttle.limit)
    assert limits[0] > 2
    assert limits == sorted(set(limits))
    assert limits[-1] >= FIRST_LIMIT - 2


def test_nobody_sends_before_the_provider_said(server: Serve, throttle: Throttle) -> None:
    """After one 429 all of them wait as long as it said, and then not all at the same moment."""
    crowd = Crowd(
        lambda n: Status(429, headers={"Retry-After": "0.6"}) if n == 1 else Say("x"), 0.0
    )
    running = server(crowd)
    first = model(running, throttle)
    with pytest.raises(ProviderUnavailable, match="429"):
        first.complete(ASKED)
    refused = now()
    with ThreadPoolExecutor(10) as pool:
        asked = [model(running, throttle) for _ in range(10)]
        assert [r.text for r in pool.map(lambda m: m.complete(ASKED), asked)] == ["x"] * 10
    later = [at - crowd.came[0] for at in crowd.came[1:]]
    assert min(later) >= 0.6 - (refused - crowd.came[0])
    assert max(later) < 3
    assert throttle.pause() == 0


def test_who_would_wait_too_long_is_told_and_sends_nothing(
    server: Serve, throttle: Throttle
) -> None:
    """The error names the time, and that nobody was paid."""
    running = server([Status(429, headers={"Retry-After": "30"}), Say("x")])
    asked = model(running, throttle, patience_s=1.0)
    with pytest.raises(ProviderUnavailable):
        asked.complete(ASKED)
    began = time.monotonic()
    with pytest.raises(Resting, match=r"too many requests .* in \d+ s") as caught:
        asked.complete(ASKED)
    assert time.monotonic() - began < 0.5
    assert (caught.value.busy, caught.value.unpaid) == (True, True)
    assert 25 < (caught.value.retry_after or 0) <= 30
    assert len(running.calls) == 1


def test_who_gets_no_slot_in_time_is_told_and_sends_nothing(throttle: Throttle) -> None:
    """A full house is no reason to wait for ever."""
    began = time.monotonic()
    with turns(throttle, FIRST_LIMIT), pytest.raises(Resting), throttle.turn(0.3, ignore):
        pytest.fail("it was no turn")
    assert 0.3 <= time.monotonic() - began < 1
    in_turn(throttle)


def test_a_wait_that_people_notice_is_told(throttle: Throttle) -> None:
    """The reason and the seconds, before the wait."""
    told: list[tuple[str, float]] = []
    throttle.refused(in_turn(throttle), 1.2)
    with throttle.turn(5, lambda *said: told.append(said), "p"):
        pass
    assert len(told) == 1
    assert told[0][0].startswith("p ")
    assert 1 < told[0][1] <= 1.2


def test_a_killed_process_gives_its_slots_back(tmp_path: Path, throttle: Throttle) -> None:
    """At once: the kernel does it."""
    cut(throttle, 3)
    argv = [sys.executable, "-c", HOLD, str(tmp_path / "shared"), KEY]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=with_package()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(Resting):
            in_turn(throttle, 0.1)
        process.kill()
        process.wait()
        began = time.monotonic()
        in_turn(throttle, 2.0)
        assert time.monotonic() - began < 0.5


@pytest.mark.parametrize(
    ("after", "least", "most"),
    [
        ("0", 0.0, 0.1),
        ("-5", 0.0, 0.1),
        ("nan", 0.0, 0.1),
        ("nonsense", 0.0, 0.1),
        ("7", 6.0, 7.0),
        ("1e300", LONGEST_PAUSE_S - 5, LONGEST_PAUSE_S),
        ("inf", LONGEST_PAUSE_S - 5, LONGEST_PAUSE_S),
        ("a date", 18.0, 21.0),
    ],
)
def test_a_strange_retry_after_locks_nobody_out(
    server: Serve, throttle: Throttle, after: str, least: float, most: float
) -> None:
    """Over the real client: a time that is none is a short pause, a huge one is cut."""
    if after == "a date":
        after = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    running = server([Status(429, headers={"Retry-After": after})])
    profile = ModelProfile("m", "p", 8000, 1000, "whole")
    endpoint = Endpoint("p", running.base_url, "m", "FAKEKEY-throttle")
    client = ChatClient(endpoint, profile, limits=Limits(5, 5), trace_id="0" * 32)
    with pytest.raises(ProviderUnavailable):
        ThrottledModel(client, throttle).complete(ASKED)
    assert least <= throttle.pause() <= most


@pytest.mark.parametrize("after", [math.nan, -math.inf, math.inf, 1e308, None, 0.0])
def test_a_strange_time_is_no_crash(throttle: Throttle, after: float | None) -> None:
    """Whatever a client makes of a header."""
    throttle.refused(in_turn(throttle), after)
    assert 0 <= throttle.pause() <= LONGEST_PAUSE_S


def limits(remaining: int, reset: str, kind: str = "requests") -> dict[str, str]:
    said = {"limit": "10", "remaining": str(remaining), "reset": reset}
    return {f"x-ratelimit-{name}-{kind}": value for name, value in said.items()}


def test_a_good_answer_s_headers_are_learned_from(server: Serve, throttle: Throttle) -> None:
    """When nothing is left, the next request goes out when one is back, without any 429."""
    wait = {"x-request-id": "1", **limits(0, "4s")}
    running = server([Status(200, _document(), headers=wait), Say("x")])
    asked = model(running, throttle)
    asked.complete(ASKED)
    assert 0.2 < throttle.pause() <= 0.4
    began = time.monotonic()
    asked.complete(ASKED)
    assert 0.2 < time.monotonic() - began < 1.5


def _document() -> dict[str, Any]:
    message = {"role": "assistant", "content": "x"}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}


def test_a_refusal_without_a_time_is_read_from_the_limits(
    server: Serve, throttle: Throttle
) -> None:
    """Then all of the allowance is waited for."""
    running = server([Status(429, headers=limits(0, "5s") | limits(100, "9s", "tokens"))])
    with pytest.raises(ProviderUnavailable):
        model(running, throttle).complete(ASKED)
    assert 4 < throttle.pause() <= 5


def test_pauses_without_a_time_grow(throttle: Throttle) -> None:
    """Each refused round keeps everybody quiet for longer, up to a bound; a success ends that."""
    pauses = []
    for _ in range(3):
        throttle.refused(in_turn(throttle, 5.0), None)
        pauses.append(throttle.pause())
    assert pauses[0] < pauses[1] < pauses[2] <= 0.04
    throttle.went_well(in_turn(throttle, 5.0))
    throttle.refused(in_turn(throttle, 5.0), None)
    assert throttle.pause() <= 0.01


def test_after_a_refusal_requests_go_out_one_by_one(throttle: Throttle) -> None:
    """Far apart at first, then closer, until nothing keeps them."""
    throttle.refused(in_turn(throttle), 0.4)
    times, gaps = [], []
    for _ in range(60):
        turn = in_turn(throttle, 5.0)
        times.append(turn.began)
        throttle.went_well(turn)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert gaps[0] >= 0.09
    assert gaps[0] > gaps[20] > max(gaps[-5:])
    assert max(gaps[-5:]) < 0.005


class Slept(Exception):
    """In place of a wait: for how long it would have been."""


def test_who_was_refused_comes_behind_who_was_not(
    throttle: Throttle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few refusals meet as many callers, and are not the last attempt of one."""

    def sleep(seconds: float) -> None:
        raise Slept(seconds)

    def waits(_: int) -> float:
        with pytest.raises(Slept) as slept:
            in_turn(throttle, 60.0)
        return float(slept.value.args[0])

    throttle.refused(in_turn(throttle), 10.0)
    monkeypatch.setattr("gitagent.llm.throttle.time.sleep", sleep)
    behind = [waits(n) for n in range(20)]
    with ThreadPoolExecutor(1) as elsewhere:
        others = list(elsewhere.map(waits, range(20)))
    assert max(others) < min(behind) <= 12


@pytest.mark.parametrize("status", [500, 503, 400])
def test_only_429_slows_down(server: Serve, throttle: Throttle, status: int) -> None:
    """What else goes wrong says nothing of too many requests."""
    running = server([Status(status, headers={"Retry-After": "9"})])
    with pytest.raises((ProviderUnavailable, ProviderRejected)):
        model(running, throttle).complete(ASKED)
    assert (throttle.limit, throttle.pause()) == (FIRST_LIMIT, 0)


def test_another_key_is_another_limit(tmp_path: Path, throttle: Throttle) -> None:
    """What one key did says nothing of another's."""
    throttle.refused(in_turn(throttle), 9.0)
    other = Throttle(tmp_path / "shared", KEY + "2")
    assert (other.limit, other.pause()) == (FIRST_LIMIT, 0)
    assert Throttle(tmp_path / "shared", KEY).limit == 4


def test_a_time_that_cannot_be_is_none(tmp_path: Path, throttle: Throttle) -> None:
    """A state that speaks of next year keeps nobody."""
    with Cell(place(tmp_path / "shared", KEY, "throttle")).held() as state:
        state |= {"until": now() + 1e8, "cut": now() + 1e8, "limit": -3, "rounds": 1e308}
    assert throttle.pause() == 0
    assert throttle.limit >= 1
    throttle.refused(in_turn(throttle), None)
    assert throttle.pause() <= throttling.LONGEST_OWN_PAUSE_S


def test_what_is_long_ago_is_forgotten(tmp_path: Path, throttle: Throttle) -> None:
    """A storm of yesterday does not slow down today."""
    cut(throttle, 3)
    with Cell(place(tmp_path / "shared", KEY, "throttle")).held() as state:
        state["cut"] = now() - throttling.FORGOTTEN_S - 1
    assert throttle.limit == FIRST_LIMIT


def test_without_a_folder_a_process_limits_itself(tmp_path: Path) -> None:
    """A cache folder that cannot be written costs the others' knowledge, nothing else."""
    (tmp_path / "file").write_bytes(b"")
    throttle = Throttle(tmp_path / "file" / "shared", KEY, first_pause_s=0.01)
    with turns(throttle, FIRST_LIMIT) as together:
        with pytest.raises(Resting):
            in_turn(throttle, 0.1)
        throttle.refused(together[0], None)
    assert throttle.limit == 4


def test_a_local_model_is_not_limited(server: Serve) -> None:
    """Without a throttle nobody waits."""
    running = server([Say("x")])
    assert ThrottledModel(PlainClient(running.base_url), None).complete(ASKED).text == "x"
