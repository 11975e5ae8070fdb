"""What commands said of trees, kept on the user's side: the same is not run twice.

A file's name and content follow from the tree, the command, and what of the machine the command
can tell. Nothing in a repository leads here, and what is here was written by the gate itself.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gitagent import __version__
from gitagent.domain.codec import from_json, to_line
from gitagent.domain.verdict import CommandRun, GateCommand
from gitagent.errors import Conflict
from gitagent.gates.identity import caches_of, digest, needed_by

READERS = 1
"""Goes up where the same output is read in another way."""
LARGEST = 8_000_000
MOST_BYTES = 64_000_000
"""When more is kept, what was not used for longest goes, down to three quarters of it."""
ENDING, PART = ".json", ".part"


@dataclass(frozen=True)
class Kept:
    """A run, under the key that it was kept by; `caches` is what it was built on."""

    key: str
    caches: str
    run: CommandRun


class KeptRuns:
    """Runs by tree and command.

    `around` says where commands run: the machine and how they are kept to themselves. With
    `green_only`, a run that failed is not kept, for something out there may have made it fail.
    """

    def __init__(self, folder: Path, around: str, *, green_only: bool = False) -> None:
        self._folder = folder
        self._around = around
        self._green_only = green_only
        self._needed: dict[GateCommand, str] = {}

    def find(self, tree: str, command: GateCommand, part: Sequence[str] = ()) -> CommandRun | None:
        """The run of a command, or of a part of its tests, on a tree; None where there is none."""
        key = self._key(tree, command, part)
        path = self._folder / f"{key}{ENDING}"
        try:
            kept = from_json(_read(path), Kept)
        except (OSError, Conflict):
            return None
        if kept.key != key or (kept.run.failed and kept.caches != caches_of(command)):
            return None
        with suppress(OSError):
            os.utime(path)
        return replace(kept.run, known=True)

    def keep(
        self, tree: str, command: GateCommand, run: CommandRun, part: Sequence[str] = ()
    ) -> None:
        """Keep a run that came to its end; where that cannot be written, it is run again."""
        if run.timed_out or run.ended or run.left or run.exit_code is None:
            return
        if run.failed and self._green_only:
            return
        key = self._key(tree, command, part)
        run = replace(run, known=False, late=False)
        with suppress(OSError):
            self._write(key, to_line(Kept(key, caches_of(command), run)))

    def _key(self, tree: str, command: GateCommand, part: Sequence[str]) -> str:
        if command not in self._needed:
            self._needed[command] = digest([command, needed_by(command)])
        about = [__version__, READERS, self._around, self._needed[command]]
        return digest([about, tree, list(part)])

    def _write(self, key: str, data: bytes) -> None:
        if len(data) > LARGEST:
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = self._folder / f"{key}.{secrets.token_hex(4)}{PART}"
        try:
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            part.replace(self._folder / f"{key}{ENDING}")
        finally:
            part.unlink(missing_ok=True)
        _bound(self._folder)


def forget(folder: Path) -> int:
    """Remove all that is kept, and what killed processes left half written; how many it were."""
    gone = 0
    for path in _files(folder):
        with suppress(OSError):
            path.unlink()
            gone += path.suffix == ENDING
    return gone


def count(folder: Path) -> int:
    return sum(path.suffix == ENDING for path in _files(folder))


def _read(path: Path) -> bytes:
    """A file that the user wrote, and no link to another one."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            raise PermissionError(path)
        return file.read(LARGEST)


def _files(folder: Path) -> list[Path]:
    return [path for ending in (ENDING, PART) for path in folder.glob(f"*{ending}")]


def _bound(folder: Path) -> None:
    found = []
    for path in _files(folder):
        with suppress(OSError):
            about = path.lstat()
            found.append((about.st_mtime_ns, about.st_size, path))
    total = sum(size for _, size, _ in found)
    if total <= MOST_BYTES:
        return
    for _, size, path in sorted(found):
        if total <= MOST_BYTES * 3 // 4:
            break
        with suppress(OSError):
            path.unlink()
        total -= size
