"""The private folder in which a server and its clients meet.

    server.lock   held by the one server for as long as it lives
    start.lock    held by the client that starts a server
    lease.lock    shared by every client that uses the server
    state.json    where the server listens, and its key

All of them are flocks: the kernel lets go of them however a process ends, so nobody has to tidy
up after a kill, and a state file without a held server.lock is known to be stale.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from gitagent.errors import UsageError
from gitagent.leases import try_lock


@dataclass(frozen=True)
class State:
    """What a server says of itself. `port` is 0 while it loads."""

    pid: int
    weights: str
    model: str
    n_ctx: int
    api_key: str
    port: int = 0


@dataclass(frozen=True)
class Room:
    """The folder, which belongs to the user alone."""

    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def enter(self) -> None:
        """Make the folder, closed to others; UsageError where others can write into it."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.folder.lstat()
        except OSError as error:
            raise UsageError(f"{self.folder} cannot be made: {error.strerror}.") from error
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
        if not ours or found.st_mode & 0o022:
            raise UsageError(
                f"Others can write to {self.folder}, so the local model's key is not kept there.",
                hint="Remove it, and it is made anew.",
            )
        self.folder.chmod(0o700)

    def open_lock(self, name: str) -> IO[bytes]:
        return (self.folder / f"{name}.lock").open("ab")

    @property
    def served(self) -> bool:
        """True where a server lives, even one that still loads."""
        try:
            with self.open_lock("server") as lock:
                return not try_lock(lock, fcntl.LOCK_SH)
        except FileNotFoundError:
            return False

    def state(self) -> State | None:
        """What the living server says; None where there is none."""
        try:
            said = State(**json.loads(self._state_file.read_text()))
        except (OSError, ValueError, TypeError):
            return None
        # A server that just took the lock has not removed its predecessor's state yet.
        return said if self.served and _lives(said.pid) else None

    def write(self, state: State) -> None:
        """Replace the state file by one that only its owner reads."""
        draft = self.folder / f"state.json.{state.pid}"
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as stream:
            json.dump(asdict(state), stream)
        draft.replace(self._state_file)

    def written_by(self, pid: int) -> bool:
        """True where the state file is there and is that process's own."""
        try:
            return bool(json.loads(self._state_file.read_text())["pid"] == pid)
        except (OSError, ValueError, KeyError):
            return False

    def clear(self) -> None:
        self._state_file.unlink(missing_ok=True)

    @property
    def _state_file(self) -> Path:
        return self.folder / "state.json"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
