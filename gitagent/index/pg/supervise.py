"""The process that keeps the embedded server: one per folder, and gone when nobody needs it.

Started by `server.ensure`. It holds server.lock from before the data is touched, and Postgres
inherits the lock, so there are never two at the same data, whoever is killed when.
"""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from gitagent.errors import NoDatabase
from gitagent.index.pg import cluster
from gitagent.index.pg.room import LOST, Room, State
from gitagent.leases import lock_within, until_idle

_LOCK_PATIENCE_S = 10.0
_STARTING_S, _ENDING_S = 60.0, 20.0
_PR_SET_PDEATHSIG = 1


def main(argv: Sequence[str] | None = None) -> int:
    """Take the lock, let the starter go on, and serve until nobody needs it.

    The starter's child ends as soon as the lock is held; its own child serves, and so is nobody's
    zombie. The lock is inherited over the fork.
    """
    asked = _arguments(argv)
    room = Room(asked.folder, asked.sockets)
    lock = room.open_lock("server")
    # a server that was killed, or ends just now, holds the lock until its last process is gone
    if not lock_within(lock, fcntl.LOCK_EX, _LOCK_PATIENCE_S):
        return LOST
    room.clear()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, _end)
    lease = room.open_lock("lease")
    try:
        _serve(room, lock, lease, asked.idle_s)
    except NoDatabase as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gitagent.index.pg.supervise")
    parser.add_argument("--folder", type=Path, required=True)
    # who this is and where temporary files go may look different from in here
    parser.add_argument("--sockets", type=Path, required=True)
    parser.add_argument("--idle-s", type=float, required=True)
    return parser.parse_args(argv)


def _end(_number: int, _frame: object) -> None:
    sys.exit(0)


def _serve(room: Room, lock: IO[bytes], lease: IO[bytes], idle_s: float) -> None:
    found = cluster.programs()
    data = cluster.data_folder(found, room.folder)
    postgres = subprocess.Popen(
        cluster.command(found, data, room.sockets),
        cwd=room.folder,
        stdin=subprocess.DEVNULL,
        pass_fds=[lock.fileno()],
        preexec_fn=_end_with_parent,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
    )
    try:
        _until_ready(postgres, data)
        room.write(State(os.getpid(), postgres.pid, str(room.sockets)))
        until_idle(
            lease,
            idle_s,
            goes_on=lambda: postgres.poll() is None and room.written_by(os.getpid()),
            wait=_waiting(postgres),
        )
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _stop(postgres)
        room.clear()


def _end_with_parent() -> None:
    """A server without its supervisor ends, in order, as if it had been told to."""
    with suppress(AttributeError, OSError):  # only Linux has it
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _until_ready(postgres: subprocess.Popen[bytes], data: Path) -> None:
    ends = time.monotonic() + _STARTING_S
    while not cluster.is_ready(data):
        if postgres.poll() is not None:
            raise NoDatabase(f"Postgres ended while it started ({postgres.returncode}).")
        if time.monotonic() > ends:
            raise NoDatabase(f"Postgres was not ready within {_STARTING_S:.0f} seconds.")
        time.sleep(0.005)


def _waiting(postgres: subprocess.Popen[bytes]) -> Callable[[float], None]:
    """Waits so many seconds, or until Postgres has ended."""

    def wait(seconds: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            postgres.wait(seconds)

    return wait


def _stop(postgres: subprocess.Popen[bytes]) -> None:
    for wanted in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if postgres.poll() is None:
            postgres.send_signal(wanted)
        with suppress(subprocess.TimeoutExpired):
            postgres.wait(_ENDING_S)
            return


if __name__ == "__main__":
    sys.exit(main())
