"""Three limits on one reply: its first word, a silence inside it, and all of it.

What is awaited is the model's words, and a server that sends signs of life, empty chunks or one
byte a minute keeps a read from ever timing out. So a thread looks at the clock, and where a limit
is passed it shuts the socket down, which ends the read.
"""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType


@dataclass(frozen=True)
class Limits:
    """Seconds until the first word, between two words, and for the whole reply; 0 is no limit."""

    first_s: float = 600.0
    idle_s: float = 120.0
    total_s: float = 3600.0


USUAL = Limits()


class Watchdog:
    """Watches one call while its block runs, at whose end its thread is gone.

    `passed` says which limit was passed, as the end of a sentence about the provider.
    """

    def __init__(self, limits: Limits) -> None:
        self.passed = ""
        self._limits = limits
        self._began = 0.0
        self._word: float | None = None
        self._socket: socket.socket | None = None
        self._over = self._paused = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._watch, name="gitagent-watchdog", daemon=True)

    def __enter__(self) -> Watchdog:
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._over = True
            self._changed.notify()
        self._thread.join()

    def holds(self, connection: socket.socket) -> None:
        """The socket that the reply comes through; it may be known late, and change."""
        with self._changed:
            self._socket = connection
            if self.passed:
                _shut(connection)

    def word(self) -> None:
        """Some of the answer has come."""
        first = self._word is None
        self._word = time.monotonic()
        if first:
            # another limit holds from here on, and may be the nearer one
            with self._changed:
                self._changed.notify()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """While the block runs, what has come is looked at, and the clocks stand still."""
        at = time.monotonic()
        with self._changed:
            self._paused = True
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._paused = False
                self._began += time.monotonic() - at
                self._word = time.monotonic()
                self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while not self._over:
                limit, left = self._next()
                if left <= 0:
                    self.passed = limit
                    if self._socket is not None:
                        _shut(self._socket)
                    return
                self._changed.wait(min(left, threading.TIMEOUT_MAX))

    def _next(self) -> tuple[str, float]:
        """The limit that is passed first, and the seconds until then."""
        limits, word = self._limits, self._word
        if self._paused:
            return "", math.inf
        whole = f"did not finish its answer within {limits.total_s:g} s"
        if word is None:
            part = f"did not begin its answer within {limits.first_s:g} s"
            ends = self._began + (limits.first_s or math.inf)
        else:
            part = f"wrote nothing for {limits.idle_s:g} s in the middle of its answer"
            ends = word + (limits.idle_s or math.inf)
        last = self._began + (limits.total_s or math.inf)
        return (whole if last < ends else part), min(last, ends) - time.monotonic()


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):
        # of the plain socket: that of a TLS socket takes it apart under the reader's hands
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
