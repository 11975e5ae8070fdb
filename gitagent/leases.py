"""Locks by which a server that starts by itself and those who use it know of each other.

All are flocks: the kernel lets go of them however a process ends, so nobody tidies up after a kill.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable
from typing import IO, Self

_STEP_S = 0.01


def try_lock(lock: IO[bytes], kind: int) -> bool:
    """Take a flock of that kind if it is to be had at once."""
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock_within(lock: IO[bytes], kind: int, seconds: float) -> bool:
    """Take a flock, waiting for it at most so long."""
    ends = time.monotonic() + seconds
    while not try_lock(lock, kind):
        if time.monotonic() > ends:
            return False
        time.sleep(_STEP_S)
    return True


class Leased:
    """What is used under a lease, and let go of with it; a context manager."""

    lease: IO[bytes]

    def close(self) -> None:
        self.lease.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def until_idle(
    lease: IO[bytes],
    idle_s: float,
    *,
    goes_on: Callable[[], bool],
    wait: Callable[[float], object] = time.sleep,
) -> None:
    """Return once nobody held the lease for `idle_s` seconds, or it no longer `goes_on`.

    When it is for idleness, the lease stays ours until the process ends: a client that comes just
    then waits for that, instead of using a server which is about to go. `wait` is called between
    two looks with the seconds there are.
    """
    used = time.monotonic()
    while goes_on():
        if not try_lock(lease, fcntl.LOCK_EX):
            used = time.monotonic()
        elif time.monotonic() - used >= idle_s:
            return
        else:
            fcntl.flock(lease, fcntl.LOCK_UN)
        wait(min(1.0, max(0.05, idle_s / 5)))
