"""Named places around every durable change, at which a test can end or stop the process.

    GITAGENT_FAILPOINT=NAME[#N][!ACTION]   at the N-th time that NAME is reached (first: 1)
    GITAGENT_FAILPOINT_TRACE=FILE          append each name as it is reached

The name `*` is every place, so that `*#7` is the seventh whatever it is called. The action `kill`
(where none is said) is SIGKILL, `stop` SIGSTOP, `full` a full disk. A person never sets them; a
repository cannot.
"""

from __future__ import annotations

import errno
import os
import signal
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

ARMED, TRACE = "GITAGENT_FAILPOINT", "GITAGENT_FAILPOINT_TRACE"
ANY = "*"

PLACES = (
    "room held",
    "room left",
    "lock taken",
    "lock to be left",
    "stale lock removed",
    "ref locked",
    "ref to be moved",
    "reflog written",
    "ref written",
    "ref moved",
    "ref to be removed",
    "reflog removed",
    "ref removed",
    "packs folded",
    "folded packs removed",
    "branch moved, log not yet",
    "files to be written",
    "files written",
    "task's files removed",
    "files and branch moved",
    "report to be written",
    "report written",
)
"""Every place there is, but for those of events."""

STAGES = ("to be written", "written", "kept")
"""What becomes of an event: its objects, then its ref; each kind of event passes all three."""

_reached: Counter[str] = Counter()


def names(kinds: Iterable[str]) -> set[str]:
    """Every name that can be reached, `kinds` being those of events."""
    return {*PLACES, *(f"{kind}: {stage}" for kind in kinds for stage in STAGES)}


def reach(name: str) -> None:
    """Pass by the place `name`, unless a test has armed it."""
    if TRACE in os.environ:
        with Path(os.environ[TRACE]).open("a") as trace:
            trace.write(f"{name}\n")
    if ARMED not in os.environ:
        return
    place, _, action = os.environ[ARMED].partition("!")
    wanted, _, nth = place.partition("#")
    if wanted not in (name, ANY):
        return
    _reached[wanted] += 1
    if _reached[wanted] == int(nth or 1):
        _act(action)


def _act(action: str) -> None:
    if action == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.kill(os.getpid(), signal.SIGSTOP if action == "stop" else signal.SIGKILL)
