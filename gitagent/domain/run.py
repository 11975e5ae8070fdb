"""Who works on a task: each process that goes on with it is one run of it."""

from __future__ import annotations

from dataclasses import dataclass

from gitagent.domain.rules import Settings


@dataclass(frozen=True)
class Process:
    """One process, so named that no other one can be taken for it.

    `machine` is this machine since it was started, `space` the pid namespace, `started` the time
    since then at which the process began, in the kernel's own ticks.
    """

    host: str
    machine: str
    space: str
    pid: int
    started: str


@dataclass(frozen=True)
class Run:
    """One process's turn at a task. `epoch` counts them from 1; `began` is UTC, ISO 8601.

    Only the run with the highest epoch may write to the task's log. `settings` are known once its
    model is there.
    """

    epoch: int
    process: Process
    began: str
    model: str = ""
    settings: Settings | None = None


def named(run: Run) -> str:
    """A run in words."""
    return f"process {run.process.pid} on {run.process.host}, since {run.began[:19]}Z"
