"""The embedded Postgres on demand: started when it is needed, warm between commands, never two."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from gitagent.errors import NoDatabase
from gitagent.index.pg import cluster
from gitagent.index.pg.room import LOST, PORT, Room, State, room_at
from gitagent.index.spawned import environment
from gitagent.leases import Leased, lock_within

NOBODY = 65534
_STOP_S = 30.0


@dataclass(frozen=True)
class Limits:
    """Seconds after which an unused server ends, and within which one must be there."""

    idle_s: float = 600.0
    start_s: float = 30.0


USUAL = Limits()


@dataclass(frozen=True)
class Served(Leased):
    """A server that stays for as long as this is open; a context manager.

    `sockets` is the folder of its socket. The lease is a flock, which the kernel gives up for us
    if we are killed.
    """

    sockets: str
    lease: IO[bytes] = field(repr=False, compare=False)


def ensure(folder: Path, limits: Limits = USUAL) -> Served:
    """The server of this folder, started if need be; one folder has one server.

    NoDatabase where the wheel is not installed, the folder is not the user's own, or no server
    comes up within `limits.start_s`.
    """
    room = room_at(folder)
    room.enter()
    lease = room.open_lock("lease")
    try:
        state = _found(room, lease, limits)
    except BaseException:
        lease.close()
        raise
    return Served(state.sockets, lease)


def status(folder: Path) -> State | None:
    """What the living server of this folder says of itself; None where there is none."""
    room = room_at(folder)
    state = room.state()
    return state if state and room.served else None


def stop(folder: Path) -> bool:
    """End the server of this folder, in use or not; False where there was none."""
    room = room_at(folder)
    if not room.served:
        return False
    ends = time.monotonic() + _STOP_S
    while (state := room.state()) is None and room.served and time.monotonic() < ends:
        time.sleep(0.02)  # it is starting, or ending
    if state is not None and room.served:
        with contextlib.suppress(ProcessLookupError):
            os.kill(state.pid, signal.SIGTERM)
    with room.open_lock("server") as lock:
        if not lock_within(lock, fcntl.LOCK_SH, max(0.0, ends - time.monotonic())):
            raise NoDatabase("The embedded Postgres cannot be ended.")
        room.clear()
    return True


def remove(folder: Path) -> None:
    """End the server and remove its data: the index is then made anew from the repositories."""
    stop(folder)
    room = room_at(folder)
    for data in room.folder.glob("data-*"):
        shutil.rmtree(data)


def _found(room: Room, lease: IO[bytes], limits: Limits) -> State:
    ends = time.monotonic() + limits.start_s
    # A server that ends for idleness holds the lease alone for its last moment.
    if not lock_within(lease, fcntl.LOCK_SH, limits.start_s):
        raise NoDatabase("The embedded Postgres does not let go of its lease.")
    state = room.state()
    if state and _answers(state):
        return state
    cluster.programs()
    with room.open_lock("start") as start:
        if not lock_within(start, fcntl.LOCK_EX, limits.start_s):
            raise _late(room, limits)
        return _started(room, limits, ends)


def _started(room: Room, limits: Limits, ends: float) -> State:
    """Runs under start.lock: nobody else starts a server meanwhile."""
    spawned = False
    while time.monotonic() < ends:
        state = room.state()
        if state and _answers(state):
            return state
        if not room.served:
            if spawned:
                raise _failed(room)
            _spawn(room, limits)
            spawned = True
        time.sleep(0.01)
    raise _late(room, limits)


def _answers(state: State) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(f"{state.sockets}/.s.PGSQL.{PORT}")
        except OSError:
            return False
    return True


def _spawn(room: Room, limits: Limits) -> None:
    """Return once the supervisor holds the lock of the room, or another one does."""
    with room.log.open("wb") as log:
        done = subprocess.run(
            [*_apart(), *_command(room, limits)],
            cwd=room.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            check=False,
        )
    if done.returncode not in (0, LOST):
        raise _failed(room)


def _command(room: Room, limits: Limits) -> list[str]:
    # -P: a repository with a gitagent.py in it is not to be run.
    return [
        *(sys.executable, "-P", "-m", "gitagent.index.pg.supervise"),
        *("--folder", str(room.folder), "--sockets", str(room.sockets)),
        *("--idle-s", str(limits.idle_s)),
    ]


def _apart() -> list[str]:
    """What runs the server in a namespace of its own, where it is needed or does good.

    Postgres refuses to run as root; in a user namespace root is nobody to it, and the files stay
    root's. Its bit of System V memory, which a killed server leaves behind, goes with the other.
    """
    user = os.getuid() or NOBODY
    group = os.getgid() or NOBODY
    program = shutil.which("unshare")
    if program:
        prefix = [program, "--user", "--ipc", f"--map-user={user}", f"--map-group={group}"]
        if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode == 0:
            return prefix
    if os.getuid() == 0:
        raise NoDatabase(
            "Postgres does not run as root, and there are no user namespaces here.",
            hint="Run as an ordinary user, or name a server of your own with `index.dsn`.",
        )
    return []


def _failed(room: Room) -> NoDatabase:
    lines = room.log.read_text(errors="replace").splitlines()
    fatal = [line.partition("FATAL:")[2] for line in lines if "FATAL:" in line]
    said = (fatal or [line for line in reversed(lines) if line.strip()] or ["it said nothing"])[0]
    return NoDatabase(
        f"The embedded Postgres did not start: {said.strip()[:300].rstrip(' .')}.",
        hint=f"Its log is {room.log}; if it stays so, remove that folder: it is a cache.",
    )


def _late(room: Room, limits: Limits) -> NoDatabase:
    return NoDatabase(
        f"The embedded Postgres was not ready within {limits.start_s:.0f} seconds.",
        hint=f"The machine may be busy; the log of the server is {room.log}.",
    )
