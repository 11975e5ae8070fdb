"""Runs a command with the means of every POSIX system, and says what these cannot guard.

The command gets an empty home, a private temporary folder, no inherited environment but a few
names, bounded output and time; whatever it started is gone when `run` returns. What it cannot be
kept from is written in `LIMITS`: that needs namespaces.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from gitagent.domain.verdict import Bring
from gitagent.ports import Execution
from gitagent.sandbox.bringing import put_into
from gitagent.sandbox.inherited import inherited
from gitagent.sandbox.watch import MARKER, Watched
from gitagent.scratch import private_folder

LIMITS = (
    "The plain runner bounds a command's time and output, gives it an empty home and none of your "
    "environment, and ends everything that it started. It cannot keep it from the network, from "
    "files that your user may read or write by absolute path (keys in your home, your checkout, "
    "sockets such as docker's), or from reading the environment of your other processes."
)

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class PlainSandbox:
    """A Sandbox made of a reaper, limits and a clean environment.

    `environ` is the caller's environment, of which only the allowed names are passed on.
    `memory` and `file_size` are limits in bytes for each process; `output_cap` is in bytes; `grace`
    is how many seconds a command has between being asked to end and being ended.
    """

    keeps_folder: ClassVar[bool] = False
    isolates: ClassVar[bool] = False
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    memory: int | None = None
    file_size: int | None = None
    output_cap: int = 2_000_000
    grace: float = 0.5
    limits: ClassVar[str] = LIMITS

    def seen(self, folder: Path) -> Path:
        """Where a command finds the tree that is in `folder`: there."""
        return folder

    def run(
        self,
        argv: Sequence[str],
        folder: Path,
        *,
        timeout: float,
        env: Mapping[str, str] = _NOTHING,
        inside: str = "",
        brings: Sequence[Bring] = (),
        results: Path | None = None,
    ) -> Execution:
        """Run `argv` in `folder` for at most `timeout` seconds; `env` is added to the environment.

        The command sees all files of this machine, so that `results` is where it is, and of
        `brings` only what belongs into the tree is put there. A program that is not there gives no
        exit code and an output that says so. Raises AgentError where the folder cannot be entered
        or no process can be started.
        """
        started = time.monotonic()
        left_out = put_into(folder, brings)
        token = secrets.token_hex(16)
        with private_folder(None, "ga-") as private:
            watched = Watched.start(
                argv,
                folder / inside,
                _environment(self.environ, private) | dict(env) | {MARKER: token},
                limits=(0, self.memory, self.file_size),
                grace=self.grace,
                cap=self.output_cap,
            )
            try:
                timed_out = watched.to_the_end(started + timeout)
            finally:
                watched.end(token)
        done = _execution(watched, time.monotonic() - started, timed_out)
        said = "".join(f"{note}\n" for note in left_out) if done.exit_code != 0 else ""
        return replace(done, output=said + done.output)


def _environment(environ: Mapping[str, str], private: Path) -> dict[str, str]:
    home, temporary = private / "home", private / "tmp"
    home.mkdir()
    temporary.mkdir()
    return inherited(environ, str(home), str(temporary))


def _execution(watched: Watched, seconds: float, timed_out: bool) -> Execution:
    output = watched.capture.text()
    word, _, rest = (watched.report or "").partition(" ")
    if timed_out:
        return Execution(None, output, seconds, True)
    if word == "exit":
        return Execution(int(rest), output, seconds)
    if word == "cannot":
        return Execution(None, f"{output}The command cannot be started: {rest}\n", seconds)
    return Execution(None, f"{output}\nThe command killed the process that ran it.\n", seconds)
