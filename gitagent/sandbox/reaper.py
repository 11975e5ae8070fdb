"""Runs one command and outlives none of its descendants.

A process group does not hold a child that calls setsid, and an environment marker does not
survive a child that clears its environment. A *child subreaper* does hold them: every orphan of
the command becomes a child of this process, which ends them all before it goes. It is told to go
when gitagent itself dies (PR_SET_PDEATHSIG), so that not even SIGKILL leaves a test run behind.

This file is run as a program, in its own session, by plain.py:

    reaper.py PARENT_PID STATUS_FD GRACE CORE,MEMORY,FILE_SIZE -- ARGV…

It imports nothing of gitagent: it is started once a command, and should start fast. On STATUS_FD
it writes `exit N` (negative for a signal), `ended` or `cannot MESSAGE`.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
_KILL_SECONDS = 5.0
_PAUSE = 0.005
_DYING_SECONDS = 0.01
_MOMENT = 0.0003


class Ended(Exception):
    """We were told to end the command."""


def main(argv: list[str]) -> None:
    parent, status, grace = int(argv[0]), int(argv[1]), float(argv[2])
    os.set_inheritable(status, False)
    signal.signal(signal.SIGTERM, _end)
    try:
        _adopt_orphans(parent)
        report = _run(argv[5:], [int(limit) for limit in argv[3].split(",")])
    except Ended:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _ask_to_end(grace)
        report = "ended"
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _kill_descendants()
    with suppress(OSError):
        os.write(status, report.encode("utf-8", "replace"))


def _end(signum: int, frame: object) -> None:
    raise Ended


def _adopt_orphans(parent: int) -> None:
    with suppress(OSError, AttributeError):
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        # Else the command could write its own exit code through /proc/<us>/fd.
        prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if os.getppid() != parent:
        raise Ended


def _run(argv: list[str], limits: list[int]) -> str:
    """Run the command to its end; what becomes of it, in the words of STATUS_FD."""
    failure, write = os.pipe()
    child = os.fork()
    if child == 0:
        _become(argv, limits, write)
    os.close(write)
    with os.fdopen(failure, "rb") as pipe:
        message = pipe.read().decode("utf-8", "replace")
    code = _wait(child)
    return f"cannot {message}" if message else f"exit {code}"


def _become(argv: list[str], limits: list[int], failure: int) -> None:
    try:
        for number in (signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        kinds = (resource.RLIMIT_CORE, resource.RLIMIT_AS, resource.RLIMIT_FSIZE)
        for kind, limit in zip(kinds, limits, strict=True):
            if limit >= 0:
                resource.setrlimit(kind, (limit, limit))
        os.execvp(argv[0], argv)
    except BaseException as error:  # noqa: BLE001 - nothing may run on in the forked child
        reason = error.strerror if isinstance(error, OSError) else str(error)
        os.write(failure, f"{argv[0]}: {reason}".encode("utf-8", "replace"))
    finally:
        os._exit(127)


def _wait(child: int) -> int:
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            return os.waitstatus_to_exitcode(status)


def _ask_to_end(grace: float) -> None:
    for pid in _descendants():
        with suppress(OSError):
            os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + grace
    while _children_left() and time.monotonic() < end:
        time.sleep(_PAUSE)


def _kill_descendants() -> None:
    # What ran in a namespace of processes is dying already, with the first process there.
    end = time.monotonic() + _DYING_SECONDS
    while _children_left() and time.monotonic() < end:
        time.sleep(_MOMENT)
    # In rounds: a descendant may fork between the look and the blow.
    end = time.monotonic() + (_KILL_SECONDS if os.access("/proc/self", os.F_OK) else 0)
    while _children_left() and time.monotonic() < end:
        for pid in _descendants():
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_PAUSE)


def _children_left() -> bool:
    """Collect the dead; True while a child is left that lives."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _descendants() -> list[int]:
    """Every process below this one, as far as there is a /proc; plain.py ends the group, too."""
    children: dict[int, list[int]] = {}
    with suppress(OSError):
        for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib would double the start-up time
            if name.isdigit():
                children.setdefault(_parent_of(name), []).append(int(name))
    found, todo = [], [os.getpid()]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def _parent_of(pid: str) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:  # noqa: PTH123
            # The name of the program stands in brackets and may hold anything, brackets too.
            return int(stat.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return -1


if __name__ == "__main__":
    main(sys.argv[1:])
