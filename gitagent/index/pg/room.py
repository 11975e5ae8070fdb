"""The private folder in which the embedded server and its clients meet.

    server.lock   held by the supervisor and by every process of Postgres, while any of them lives
    start.lock    held by the client that starts a server
    lease.lock    shared by every client that uses the server
    state.json    where the server listens
    data-N        its data, of Postgres N

All locks are flocks: the kernel lets go of them however a process ends. That Postgres inherits
server.lock closes the one gap of its own lock file: while a process of a killed server still
writes, nobody else touches the data.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from gitagent.errors import NoDatabase
from gitagent.leases import try_lock

LONGEST_SOCKET = 90
"""Bytes of a folder's name in which a socket still fits (sun_path holds 108 on Linux, 104 else)."""

PORT = 5432
"""Part of the socket's name; there is no TCP."""

LOST = 3
"""Exit code of a supervisor that found another one serving."""


@dataclass(frozen=True)
class State:
    """What a server says of itself: its supervisor, the postmaster, the folder of its socket."""

    pid: int
    postmaster: int
    sockets: str


@dataclass(frozen=True)
class Room:
    """The folder, which belongs to the user alone, and that of the socket, mostly the same."""

    folder: Path
    sockets: Path

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def enter(self) -> None:
        """Make the folders, closed to others; NoDatabase where they are not ours alone."""
        for folder in (self.folder, self.sockets):
            _make_private(folder)

    def open_lock(self, name: str) -> IO[bytes]:
        return (self.folder / f"{name}.lock").open("ab")

    @property
    def served(self) -> bool:
        """True where a process of a server lives, even one that starts or ends."""
        try:
            with self.open_lock("server") as lock:
                return not try_lock(lock, fcntl.LOCK_SH)
        except FileNotFoundError:
            return False

    def state(self) -> State | None:
        """What the server says that wrote last; it may have died since."""
        try:
            return State(**json.loads(self._state_file.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, state: State) -> None:
        draft = self.folder / f"state.json.{state.pid}"
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as stream:
            json.dump(asdict(state), stream)
        draft.replace(self._state_file)

    def written_by(self, pid: int) -> bool:
        """True where the state file is there and is that process's own."""
        state = self.state()
        return state is not None and state.pid == pid

    def clear(self) -> None:
        """Remove what says that there is a server; the data stays."""
        self._state_file.unlink(missing_ok=True)
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (self.sockets / name).unlink(missing_ok=True)

    @property
    def _state_file(self) -> Path:
        return self.folder / "state.json"


def room_at(folder: Path) -> Room:
    """The room of a folder; where its name is too long for a socket, that stands elsewhere."""
    folder = folder.absolute()
    if len(os.fsencode(folder)) <= LONGEST_SOCKET:
        return Room(folder, folder)
    mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Room(folder, Path(tempfile.gettempdir()) / f"gitagent-{os.getuid()}-{mark}")


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise NoDatabase(f"{folder} cannot be made: {error.strerror}.") from error
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    if not ours or found.st_mode & 0o022:
        why = "Others can write to {}" if ours else "{} is no folder of your own"
        raise NoDatabase(
            f"{why.format(folder)}, so the index is not kept there.",
            hint="Remove it, and it is made anew.",
        )
    folder.chmod(0o700)
