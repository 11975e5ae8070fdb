"""Starting the process that serves, away from the user's folder, terminal and keys."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import gitagent
from gitagent.errors import ProviderError
from gitagent.llm.local.room import Room
from gitagent.llm.local.serve import LOST
from gitagent.llm.local.settings import Settings, cores
from gitagent.llm.local.weights import KNOWN

# Threads that wait sleep instead of spinning. Beside one other busy process on two cores: 13 tokens
# a second instead of 10 for two thirds of the processor time; alone, no difference to be seen.
_PATIENT = {"OMP_WAIT_POLICY": "passive"}

# What a Python process and its libraries need. Keys of the user's are not among it.
_PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


def spawn(room: Room, weights: Path, settings: Settings, engine: str) -> None:
    """Return once the process holds the lock of the room, or another one does.

    ProviderError where it cannot get that far. Loading goes on after the return.
    """
    with room.log.open("wb") as log:
        done = subprocess.run(
            _command(room, weights, settings, engine),
            cwd=room.folder,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            check=False,
        )
    if done.returncode not in (0, LOST):
        raise failed(room)


def failed(room: Room) -> ProviderError:
    """The error of a server that ended while it loaded, in its own last words."""
    lines = room.log.read_text(errors="replace").splitlines()
    said = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
    return ProviderError(
        f"The local model did not start: {said[:300]}", hint=f"Its log is {room.log}."
    )


def _command(room: Room, weights: Path, settings: Settings, engine: str) -> list[str]:
    named = (known.name for known in KNOWN.values() if known.file_name == weights.name)
    # -P: a repository with a gitagent.py in it is not to be run.
    return [
        *(sys.executable, "-P", "-m", "gitagent.llm.local.serve"),
        *("--folder", str(room.folder), "--weights", str(weights)),
        *("--model", next(named, weights.stem), "--engine", engine),
        *("--n-ctx", str(settings.n_ctx), "--idle-s", str(settings.idle_s)),
        *("--threads", str(settings.threads or cores())),
    ]


def _environment() -> dict[str, str]:
    """A clean environment in which this very gitagent is found."""
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    home = Path(gitagent.__file__).parent.parent
    if home.name not in ("site-packages", "dist-packages"):
        passed["PYTHONPATH"] = str(home)
    return {**passed, **_PATIENT}
