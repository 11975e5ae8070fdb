"""The local model on demand: started when it is needed, kept warm between commands, never two."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import importlib.util
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from gitagent.errors import NoModel, ProviderError, ProviderUnavailable
from gitagent.leases import Leased, lock_within, try_lock
from gitagent.llm.local.launch import failed, spawn
from gitagent.llm.local.room import Room, State
from gitagent.llm.local.settings import Settings
from gitagent.llm.local.weights import KNOWN

ENGINE = "gitagent.llm.local.engine"

_STOP_S = 5.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Endpoint(Leased):
    """A server that stays for as long as this is open; a context manager.

    The lease is a flock, which the kernel gives up for us if we are killed.
    """

    base_url: str
    api_key: str = field(repr=False)
    model: str
    n_ctx: int
    lease: IO[bytes] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Status:
    """A running server. `ready` is False while it loads; `in_use` says that a client holds it."""

    pid: int
    base_url: str
    model: str
    weights: Path
    n_ctx: int
    ready: bool
    in_use: bool


def ensure(
    weights: Path,
    settings: Settings,
    folder: Path,
    progress: Say = lambda _: None,
    engine: str = ENGINE,
) -> Endpoint:
    """A server for this file of weights with at least `settings.n_ctx` tokens, started if need be.

    `folder` is where server and clients meet; one folder has one server. A server with other
    weights or a smaller window is replaced when no other client holds it. `engine` names a module,
    or a Python file, with a `start` like that of gitagent.llm.local.engine.

    Errors: NoModel where the weights or the engine are not installed; ProviderUnavailable where
    another client holds a server that does not fit, or loading takes longer than
    `settings.start_s`; ProviderError where the server cannot be started.
    """
    _check_installed(weights, engine)
    room = Room(folder.absolute())
    room.enter()
    lease = room.open_lock("lease")
    try:
        state = _Search(room, lease, weights.resolve(), settings, engine, progress).run()
    except BaseException:
        lease.close()
        raise
    return Endpoint(_base_url(state), state.api_key, state.model, state.n_ctx, lease)


def status(folder: Path) -> Status | None:
    """The server of this folder, None where there is none."""
    room = Room(folder)
    state = room.state()
    if state is None:
        return None
    with room.open_lock("lease") as lease:
        in_use = not try_lock(lease, fcntl.LOCK_EX)
    return Status(
        pid=state.pid,
        base_url=_base_url(state),
        model=state.model,
        weights=Path(state.weights),
        n_ctx=state.n_ctx,
        ready=state.port != 0,
        in_use=in_use,
    )


def stop(folder: Path) -> bool:
    """End the server of this folder, in use or not; False where there was none."""
    room = Room(folder)
    state = room.state()
    if state is None:
        return False
    for wanted in (signal.SIGTERM, signal.SIGKILL):
        # The pid is that of the holder of the lock: it wrote the state after it had taken it.
        if room.served:
            with contextlib.suppress(ProcessLookupError):
                os.kill(state.pid, wanted)
        with room.open_lock("server") as lock:
            if lock_within(lock, fcntl.LOCK_SH, _STOP_S):
                room.clear()
                return True
    raise ProviderError(f"The local model (process {state.pid}) cannot be ended.")


@dataclass
class _Search:
    """One client's way to a server, in the order of its methods."""

    room: Room
    lease: IO[bytes]
    weights: Path
    settings: Settings
    engine: str
    progress: Say

    def run(self) -> State:
        ends = time.monotonic() + self.settings.start_s
        # A server that ends for idleness holds the lease alone for its last moment.
        if not lock_within(self.lease, fcntl.LOCK_SH, _STOP_S):
            raise ProviderUnavailable("The local model does not let go of its lease.")
        state = self.room.state()
        if state and self._fits(state) and _healthy(state):
            return state
        with self.room.open_lock("start") as start:
            if not try_lock(start, fcntl.LOCK_EX):
                self.progress("another command is starting the local model")
                if not lock_within(start, fcntl.LOCK_EX, ends - time.monotonic()):
                    raise self._late()
            return self._start(ends)

    def _start(self, ends: float) -> State:
        """Runs under start.lock: nobody else starts or replaces a server meanwhile."""
        spawned = False
        while time.monotonic() < ends:
            state = self.room.state()
            if state is None and not self.room.served:
                if spawned:
                    raise failed(self.room)
                self.progress("starting the local model")
                spawn(self.room, self.weights, self.settings, self.engine)
                spawned = True
                continue
            if state and not self._fits(state):
                self._replace(state)
            elif state and _healthy(state):
                return state
            self.progress("loading the model")
            time.sleep(0.1)
        raise self._late()

    def _fits(self, state: State) -> bool:
        return state.weights == str(self.weights) and state.n_ctx >= self.settings.n_ctx

    def _replace(self, state: State) -> None:
        alone = try_lock(self.lease, fcntl.LOCK_EX)
        if alone:
            stop(self.room.folder)
        fcntl.flock(self.lease, fcntl.LOCK_SH)
        if not alone:
            raise ProviderUnavailable(
                f"Another command is using the local model {state.model} with a window of "
                f"{state.n_ctx} tokens; this one wants {self.weights.name} with "
                f"{self.settings.n_ctx}.",
                hint="Wait until that command has ended, or ask for the same model and window.",
            )

    def _late(self) -> ProviderUnavailable:
        return ProviderUnavailable(
            f"The local model was not ready within {self.settings.start_s:.0f} seconds.",
            hint=f"The machine may be busy; the log of the server is {self.room.log}.",
        )


def _check_installed(weights: Path, engine: str) -> None:
    if engine == ENGINE and importlib.util.find_spec("xllamacpp") is None:
        raise NoModel(
            "The local model needs llama.cpp, which is not installed.",
            hint="`pip install 'gitagent[local]'` installs it.",
        )
    if not weights.is_file():
        raise NoModel(
            f"The local model's weights are not at {weights}.",
            hint=f"`git agent models pull {next(iter(KNOWN))}` fetches them.",
        )


def _healthy(state: State) -> bool:
    """True where the server answers; asked directly, whatever proxy is set for the world."""
    if not state.port:
        return False
    connection = http.client.HTTPConnection("127.0.0.1", state.port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _base_url(state: State) -> str:
    return f"http://127.0.0.1:{state.port}/v1"
