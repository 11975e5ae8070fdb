"""Limits that the server really keeps, with headers that say so: what a throttle can learn from."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gitagent.testing import protocol
from gitagent.testing.chaos.statuses import limits, waiting
from gitagent.testing.protocol import Part

MINUTE = 60.0
NOT_LONG = 0.1
"""Seconds until another try is worth it where it is not known when an answer will end."""


@dataclass(frozen=True)
class Refusal:
    """Which limit is in the way, and the answer that says so."""

    limit: str
    wire: list[Part]


class Limits:
    """A bucket of requests that fills steadily (`rpm` a minute, `burst` at most), and room for
    `concurrency` answers at once; 0 is no limit. `clock` counts seconds.
    """

    def __init__(
        self,
        rpm: float = 0,
        concurrency: int = 0,
        *,
        burst: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rpm = rpm
        self._room = concurrency
        self._burst = burst or max(1, int(rpm))
        self._clock = clock
        self._left = float(self._burst)
        self._filled = clock()
        self._open: set[int] = set()
        self._lock = threading.Lock()

    def enter(self, n: int) -> Refusal | None:
        """Take a place for request `n`, until it is given back with `leave`; None where it got
        one."""
        with self._lock:
            self._fill()
            if self._room and len(self._open) >= self._room:
                message = f"More than {self._room} requests at once."
                return Refusal("limit-concurrency", _refused(message, NOT_LONG, self._headers()))
            if self._rpm and self._left < 1:
                message = f"More than {self._rpm:g} requests a minute."
                return Refusal("limit-rpm", _refused(message, self._until(1), self._headers()))
            self._left -= 1 if self._rpm else 0
            self._open.add(n)
            return None

    def leave(self, n: int) -> None:
        """The answer to request `n` is over; nothing where it has no place."""
        with self._lock:
            self._open.discard(n)

    @property
    def headers(self) -> Mapping[str, str]:
        """What every answer says of the limits; empty where there are none."""
        with self._lock:
            self._fill()
            return self._headers()

    def _headers(self) -> Mapping[str, str]:
        if not self._rpm:
            return {}
        return limits(self._burst, max(0, int(self._left)), self._until(self._burst))

    def _until(self, count: float) -> float:
        return max(0.0, (count - self._left) * MINUTE / self._rpm)

    def _fill(self) -> None:
        now = self._clock()
        if self._rpm:
            grown = (now - self._filled) * self._rpm / MINUTE
            self._left = min(float(self._burst), self._left + grown)
        self._filled = now


def _refused(message: str, seconds: float, headers: Mapping[str, str]) -> list[Part]:
    exact = {**waiting(round(seconds + 0.0005, 3)), "retry-after-ms": f"{seconds * 1000:.0f}"}
    return protocol.error(429, message, code="rate_limit_exceeded", headers={**headers, **exact})
