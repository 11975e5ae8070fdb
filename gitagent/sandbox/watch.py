"""A command under a reaper: reads its output, tells it when the time is up, sees it gone."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gitagent.errors import AgentError
from gitagent.sandbox.capture import Capture

# Not GITAGENT_…: those names configure gitagent, whose own tests run here, too.
MARKER = "AGENT_GATE_RUN"
_CHUNK = 65_536
_LATE_BYTES = 1_000_000
_REAPER_SECONDS = 6.0
_LOOK = 0.05
_LOOK_SHARE = 20


@dataclass
class Watched:
    """A reaper with the command below it, its output and the pipe on which it reports.

    `grace` is how many seconds the command has between being asked to end and being ended.
    """

    process: subprocess.Popen[bytes]
    output: IO[bytes]
    status: IO[bytes]
    capture: Capture
    grace: float
    report: str | None = None

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        folder: Path,
        env: Mapping[str, str],
        *,
        limits: Sequence[int | None],
        grace: float,
        cap: int,
        passed: Sequence[int] = (),
    ) -> Watched:
        """Start a command; `limits` are those of core, memory and file size, in bytes.

        `passed` are open files that it gets.
        """
        read, write = os.pipe()
        bounds = ",".join("-1" if limit is None else str(limit) for limit in limits)
        reaper = [sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper.py"))]
        try:
            process = subprocess.Popen(
                [*reaper, str(os.getpid()), str(write), str(grace), bounds, "--", *argv],
                cwd=folder,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(write, *passed),
            )
        except (OSError, ValueError) as error:
            os.close(read)
            raise AgentError(f"No command can be run in {folder}: {error}.") from error
        finally:
            os.close(write)
        assert process.stdout is not None
        return cls(process, process.stdout, os.fdopen(read, "rb"), Capture(cap), grace)

    def to_the_end(self, deadline: float) -> bool:
        """Wait for the reaper's report; True where it had to be told that the time is up."""
        self._read_until(deadline)
        if self.report is not None:
            return False
        self._ask_to_end()
        return True

    def until(self, deadline: float, look: Callable[[], str]) -> str:
        """Wait for the reaper's report until the time is up; every now and then, `look`.

        What a look finds ends the wait and is returned. The more time it takes, the rarer it is.
        """
        pause = _LOOK
        while self.report is None and (left := deadline - time.monotonic()) > 0:
            self._read_until(time.monotonic() + min(pause, left))
            if self.report is None:
                began = time.monotonic()
                if found := look():
                    return found
                pause = max(_LOOK, _LOOK_SHARE * (time.monotonic() - began))
        return ""

    def end(self, token: str) -> None:
        """End what is left, on every way out; an interrupted run comes here with all alive."""
        if self.report is None:
            self._ask_to_end()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(_REAPER_SECONDS if self.report else 0)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        if self.process.wait() != 0:
            _kill_marked(token)
        self._read_the_rest()
        self.status.close()
        self.output.close()

    def _ask_to_end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self._read_until(time.monotonic() + self.grace + _REAPER_SECONDS)

    def _read_until(self, deadline: float) -> None:
        """Read output until the reaper reports (nothing, if it was killed) or the time is up."""
        with selectors.DefaultSelector() as ready:
            ready.register(self.output, selectors.EVENT_READ)
            ready.register(self.status, selectors.EVENT_READ)
            while self.report is None and (left := deadline - time.monotonic()) > 0:
                files = {key.fileobj for key, _ in ready.select(left)}
                if self.output in files and not self._read_output():
                    ready.unregister(self.output)
                if self.status in files:
                    self.report = os.read(self.status.fileno(), _CHUNK).decode("utf-8", "replace")

    def _read_output(self) -> int:
        data = os.read(self.output.fileno(), _CHUNK)
        self.capture.add(data)
        return len(data)

    def _read_the_rest(self) -> None:
        """What stood in the pipe at the end; bounded, for an escaped process may still write."""
        os.set_blocking(self.output.fileno(), False)
        read = 0
        with suppress(BlockingIOError):
            while read < _LATE_BYTES and (size := self._read_output()):
                read += size


def _kill_marked(token: str) -> None:
    """The second net, for a command that killed its reaper: its environment still names the run."""
    mark = f"{MARKER}={token}".encode()
    with suppress(OSError):
        for entry in os.scandir("/proc"):
            if entry.name.isdigit() and mark in _environ(entry.name):
                with suppress(OSError):
                    os.kill(int(entry.name), signal.SIGKILL)


def _environ(pid: str) -> bytes:
    try:
        return Path("/proc", pid, "environ").read_bytes()
    except OSError:
        return b""
