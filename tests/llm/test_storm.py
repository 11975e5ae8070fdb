"""Twenty ask at once with one key, while the provider wants fewer: bounded, and it recovers."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import plain_client
import pytest
from plain_client import KEY, ask, with_package

from gitagent.llm.breaker import Breaker
from gitagent.llm.retry import ATTEMPTS
from gitagent.llm.throttle import Throttle
from gitagent.testing.scripted import Item, Say, ScriptedServer, Status

Serve = Callable[..., ScriptedServer]
CALLERS = 20


def in_threads(url: str, folder: Path, seconds: float) -> Counter[str]:
    return ask(url, folder, CALLERS, seconds)


def in_processes(url: str, folder: Path, seconds: float) -> Counter[str]:
    """Each asks one question; what they share is in the folder."""
    argv = [sys.executable, plain_client.__file__, url, str(folder), "1", str(seconds)]
    processes = [started(argv) for _ in range(CALLERS)]
    said = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    return sum((Counter(one["outcomes"]) for one in said), Counter())


def started(argv: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(argv, stdout=subprocess.PIPE, env=with_package())


callers = pytest.mark.parametrize("call", [in_threads, in_processes])


class Limited:
    """Takes so many requests in any window of so many seconds, and says honestly what is left."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._taken: deque[float] = deque()
        self._lock = threading.Lock()
        self.refused = 0

    def __call__(self, _asked: dict[str, Any]) -> Item:
        now = time.monotonic()
        with self._lock:
            while self._taken and self._taken[0] < now - self._window_s:
                self._taken.popleft()
            if len(self._taken) < self._limit:
                self._taken.append(now)
                return Say("x")
            self.refused += 1
            after = self._taken[0] + self._window_s - now
        return Status(429, headers={"Retry-After": f"{after:.3f}"})


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@pytest.mark.parametrize(
    ("call", "headers"),
    [
        (in_threads, {}),
        (in_threads, {"Retry-After": "0"}),
        (in_threads, {"Retry-After": "0.2"}),
        (in_processes, {"Retry-After": "0.2"}),
    ],
)
def test_attempts_are_bounded_in_a_storm_without_end(
    server: Serve, tmp_path: Path, call: Callable[..., Counter[str]], headers: dict[str, str]
) -> None:
    """A provider that refuses for ever gets no more than each caller's attempts, and far fewer
    than without what the callers know of each other."""
    running = server(lambda _asked: Status(429, headers=headers))
    with at_most(90):
        ended = call(running.base_url, tmp_path, 3.0)
    assert sum(ended.values()) == CALLERS
    assert set(ended) <= {"ProviderUnavailable", "Resting"}
    assert len(running.calls) <= CALLERS * ATTEMPTS / 2
    assert Throttle(tmp_path, KEY).limit == 1


@callers
def test_a_storm_that_ends_costs_nobody_the_answer(
    server: Serve, tmp_path: Path, call: Callable[..., Counter[str]]
) -> None:
    """Eight times refused, all twenty are answered; the limit comes back."""
    refused = iter(range(8))

    def answer(_asked: dict[str, Any]) -> Item:
        return Say("x") if next(refused, None) is None else Status(429)

    running = server(answer)
    with at_most(90):
        assert call(running.base_url, tmp_path, 60.0) == {"ok": CALLERS}
    assert len(running.calls) <= CALLERS * 2.5
    assert Throttle(tmp_path, KEY).limit > 1
    assert Breaker(tmp_path, KEY).health().state == "closed"


@callers
def test_an_honest_limit_is_kept_to(
    server: Serve, tmp_path: Path, call: Callable[..., Counter[str]]
) -> None:
    """Six requests a second for twenty callers: all are answered, few are refused."""
    limited = Limited(6, 1.0)
    running = server(limited)
    with at_most(90):
        assert call(running.base_url, tmp_path, 60.0) == {"ok": CALLERS}
    assert limited.refused <= CALLERS
    assert len(running.calls) == CALLERS + limited.refused


@callers
def test_a_provider_that_is_down_is_asked_a_few_times(
    server: Serve, tmp_path: Path, call: Callable[..., Counter[str]]
) -> None:
    """The breaker is one for all callers: no one sends what the others know to be in vain."""
    running = server(lambda _asked: Status(503))
    with at_most(90):
        ended = call(running.base_url, tmp_path, 3.0)
    assert sum(ended.values()) == CALLERS
    assert "ok" not in ended
    # five in a row, and those that were under way together with the fifth
    assert len(running.calls) <= 5 + 8
    assert Breaker(tmp_path, KEY).health().state == "open"


def test_callers_that_are_killed_leave_no_trace(server: Serve, tmp_path: Path) -> None:
    """Eight processes that die in the middle of a request keep nobody waiting."""
    running = server(lambda _asked: Say("x", delay=30.0 if len(running.calls) <= 8 else 0.0))
    argv = [sys.executable, plain_client.__file__, running.base_url, str(tmp_path), "8", "20"]
    with started(argv) as process:
        while len(running.calls) < 8:
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.wait()
    with at_most(10):
        assert in_threads(running.base_url, tmp_path, 5.0) == {"ok": CALLERS}
