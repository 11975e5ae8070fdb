"""The real command, many times over, without the start of Python and its imports each time.

A server of its own process has loaded gitagent once and forks for each command; the child runs
what `python -m gitagent` runs, in its own session, and dies as any process does. `Forks` is the
client's side. No thread runs in the server, so that a fork of it is whole.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

LOADED = (
    "genai_prices",
    "gitagent.accept",
    "gitagent.app",
    "gitagent.cli.ended",
    "gitagent.cli.here",
    "gitagent.cli.resume",
    "gitagent.cli.task",
    "gitagent.drop",
    "gitagent.sandbox.reaper",
    "openai",
    "platformdirs",
    "pygit2",
    "tenacity",
)
TOO_LONG_S = 60.0


@dataclass(frozen=True)
class Ended:
    """How a command ended (a signal as a negative number), and what it printed."""

    code: int
    out: str
    err: str


class Forks:
    """Starts commands out of one process that has everything loaded.

    All have the environment that the server was started with, and what is added for each.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._server = subprocess.Popen(
            [sys.executable, __file__],
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._asking = threading.Lock()
        self._printed: dict[int, tuple[Any, Any]] = {}

    def start(
        self, *args: str, cwd: Path, env: Mapping[str, str] | None = None, stopped: bool = False
    ) -> int:
        """The pid of a command that runs from now on; where it is to be `stopped`, from SIGCONT."""
        # closed where they are read, once the command has ended
        files = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        own = os.getpid()
        pid: int = self._ask(
            args=args,
            cwd=str(cwd),
            env=dict(env or {}),
            printed=[f"/proc/{own}/fd/{file.fileno()}" for file in files],
            stopped=stopped,
        )
        self._printed[pid] = files
        return pid

    def ended(self, pid: int) -> Ended | None:
        """How a command that was started has ended; None while it has not."""
        code = self._ask(wait=pid)
        if code is None:
            return None
        out, err = (_text(file) for file in self._printed.pop(pid))
        return Ended(code, out, err)

    def wait(self, pid: int, seconds: float = TOO_LONG_S) -> Ended:
        """Wait for a command that was started; it is killed where it takes too long."""
        ends = time.monotonic() + seconds
        while (ended := self.ended(pid)) is None:
            if time.monotonic() > ends:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.005)
        return ended

    def __call__(self, *args: str, cwd: Path, env: Mapping[str, str] | None = None) -> Ended:
        return self.wait(self.start(*args, cwd=cwd, env=env))

    def close(self) -> None:
        """End the server and every command of it that is left."""
        for pid in self._printed:
            os.kill(pid, signal.SIGKILL)
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait()

    def _ask(self, **words: Any) -> Any:
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        with self._asking:
            print(json.dumps(words), file=self._server.stdin, flush=True)
            return json.loads(self._server.stdout.readline())


OUT_OF_ORDER = "TEST_OUT_OF_ORDER"
"""Set for a command, it takes the disk for one of which nothing is known."""


@contextmanager
def forks(environ: Mapping[str, str]) -> Iterator[Forks]:
    server = Forks(environ)
    try:
        yield server
    finally:
        server.close()


def _text(file: Any) -> str:
    with file:
        file.seek(0)
        data: bytes = file.read()
    return data.decode("utf-8", "backslashreplace")


# --- The server's side ------------------------------------------------------------------------


def serve() -> None:
    import importlib

    for name in LOADED:
        importlib.import_module(name)
    _warm()
    for line in sys.stdin:
        words = json.loads(line)
        answer = _state(words["wait"]) if "wait" in words else _start(**words)
        print(json.dumps(answer), flush=True)


def _warm() -> None:
    """What the client of models loads when it is first used."""
    import openai

    with openai.OpenAI(api_key="none", base_url="http://127.0.0.1:9") as client:
        assert client.chat.completions


def _state(pid: int) -> int | None:
    found, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def _start(
    args: Sequence[str], cwd: str, env: dict[str, str], printed: Sequence[str], stopped: bool
) -> int:
    pid = os.fork()
    if pid == 0:
        _run(args, cwd, env, printed, stopped)
    return pid


def _run(
    args: Sequence[str], cwd: str, env: dict[str, str], printed: Sequence[str], stopped: bool
) -> NoReturn:
    from gitagent.cli.main import run
    from gitagent.git import disk

    os.setsid()
    if OUT_OF_ORDER in env:
        disk.MOUNTS = Path(os.devnull)
    for number, name in enumerate((os.devnull, *printed)):
        flags = os.O_RDWR | os.O_APPEND if number else os.O_RDONLY
        os.dup2(os.open(name, flags), number)
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["git-agent", *args]
    if stopped:
        _stop()
    try:
        run()
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        # as Python itself would end, but for what belongs to the server
        os._exit(end.code if isinstance(end.code, int) else 1)
    os._exit(1)


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    serve()
