"""Which process is at work, and whether it still is: by what the kernel says, never by a clock."""

from __future__ import annotations

import os
import platform
import socket
from pathlib import Path
from typing import Literal

from gitagent.domain.run import Process

Standing = Literal["self", "alive", "stopped", "dead", "elsewhere"]

PROC = Path("/proc")
STOPPED = "Tt"
AFTER_NAME_STATE, AFTER_NAME_START = 0, 19


def this_process() -> Process:
    """The process that runs this."""
    return Process(socket.gethostname(), _machine(), _space(), os.getpid(), _stat(os.getpid())[1])


def standing(process: Process) -> Standing:
    """Whether a process is at work here and now.

    `elsewhere` is a process of another machine, or of a container that cannot be looked into.
    """
    if process == this_process():
        return "self"
    if process.machine != _machine():
        # the same name with another start: this machine was started anew since
        return "dead" if process.host == socket.gethostname() else "elsewhere"
    if process.space != _space():
        return "elsewhere"
    state, started = _stat(process.pid)
    if not state or started != process.started or state in "ZX":
        return "dead"
    return "stopped" if state in STOPPED else "alive"


def is_stopped(pid: int) -> bool:
    """Whether there is such a process here, and it was told to stop and not to go on."""
    state = _stat(pid)[0]
    return bool(state) and state in STOPPED


def _machine() -> str:
    boot = PROC / "sys" / "kernel" / "random" / "boot_id"
    return boot.read_text().strip() if boot.is_file() else platform.node()


def _space() -> str:
    try:
        return os.readlink(PROC / "self" / "ns" / "pid")  # noqa: PTH115 - it is no path
    except OSError:
        return ""


def _stat(pid: int) -> tuple[str, str]:
    """The state and the start of a process; empty where there is none."""
    if not (PROC / "self").exists():
        return _asked_of_ps(pid)
    try:
        # the program's name stands in brackets and may hold anything, brackets too
        fields = (PROC / str(pid) / "stat").read_bytes().rpartition(b") ")[2].decode().split()
    except OSError:
        return "", ""
    return fields[AFTER_NAME_STATE], fields[AFTER_NAME_START]


def _asked_of_ps(pid: int) -> tuple[str, str]:
    import subprocess

    done = subprocess.run(
        ["/bin/ps", "-o", "state=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C"},
    )
    state, _, started = done.stdout.strip().partition(" ")
    return state[:1], started.strip()
