"""Named places around every durable change, at which a test can end or stop the process.

    GITAGENT_FAILPOINT=NAME[#N][!ACTION]   at the N-th time that NAME is reached (first: 1)
    GITAGENT_FAILPOINT_TRACE=FILE          append each name as it is reached

The action `kill` (where none is said) is SIGKILL, `stop` SIGSTOP, `full` a full disk. A person
never sets them; a repository cannot.
"""

from __future__ import annotations

import errno
import os
import signal
from collections import Counter
from pathlib import Path

ARMED, TRACE = "GITAGENT_FAILPOINT", "GITAGENT_FAILPOINT_TRACE"

_reached: Counter[str] = Counter()


def reach(name: str) -> None:
    """Pass by the place `name`, unless a test has armed it."""
    if TRACE in os.environ:
        with Path(os.environ[TRACE]).open("a") as trace:
            trace.write(f"{name}\n")
    if ARMED not in os.environ:
        return
    place, _, action = os.environ[ARMED].partition("!")
    wanted, _, nth = place.partition("#")
    if name != wanted:
        return
    _reached[name] += 1
    if _reached[name] == int(nth or 1):
        _act(action)


def _act(action: str) -> None:
    if action == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.kill(os.getpid(), signal.SIGSTOP if action == "stop" else signal.SIGKILL)
