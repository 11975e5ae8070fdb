"""How the local model is run, and how many threads this machine has for it."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

_TOPOLOGY = Path("/sys/devices/system/cpu")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


@dataclass(frozen=True)
class Settings:
    """What a server is started with.

    `n_ctx` is the window in tokens (28 KiB of memory each). `threads` 0 means one for every
    physical core that we may use. The server ends itself after `idle_s` seconds in which no client
    held it; `start_s` bounds the wait for a server that loads.
    """

    n_ctx: int = 16384
    threads: int = 0
    idle_s: float = 600.0
    start_s: float = 240.0


def cores() -> int:
    """Physical cores open to this process, at least 1; a container's quota counts too.

    Threads beyond that wait for each other and make the model slower.
    """
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    if allowed is None:
        return max(1, (os.cpu_count() or 2) // 2)
    physical = len({_siblings(cpu) for cpu in allowed})
    return max(1, math.ceil(min(physical, _quota())))


def _siblings(cpu: int) -> str:
    try:
        return (_TOPOLOGY / f"cpu{cpu}/topology/thread_siblings_list").read_text()
    except OSError:
        return str(cpu)


def _quota() -> float:
    """Cores' worth of time that the control group grants; infinite where it does not say."""
    try:
        granted, period = _QUOTA.read_text().split()
        return math.inf if granted == "max" else int(granted) / int(period)
    except (OSError, ValueError):
        return math.inf
