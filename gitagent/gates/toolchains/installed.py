"""Where programs of a toolchain are on this machine, and what of it a sandbox has to be given."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from gitagent.domain.verdict import Bring
from gitagent.gates.project import Project

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# What every sandbox shows of the system, read-only.
_SYSTEM = ("/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/")
_VERSION_MANAGERS = (".asdf/installs", ".local/share/mise/installs", ".local/share/rtx/installs")
_NUMBER = re.compile(r"\d+")


def home_of(project: Project, *parts: str) -> Path | None:
    """A place below the user's home; None for a user who has none."""
    home = project.environ.get("HOME", "")
    return Path(home, *parts) if home.startswith("/") else None


def root_of(project: Project, name: str, sign: str, *below: str) -> Path | None:
    """The folder of an installed program `bin/NAME`, known by a file or folder `sign` in it.

    A version manager puts a script before the program, which looks for the user's home and for
    files in the repository. Such a script has no `sign` beside it: what it would start is looked
    for where version managers of the user install (in the folders `below`), the newest first.
    """
    entries = project.environ.get("PATH", os.defpath).split(os.pathsep)
    programs = [Path(entry, name) for entry in entries if entry.startswith("/")]
    programs += _managed(project, name, below)
    for program in programs:
        if os.access(program, os.X_OK) and not program.is_dir():
            root = program.resolve().parent.parent
            if (root / sign).exists():
                return root
    return None


def _managed(project: Project, name: str, below: tuple[str, ...]) -> Iterator[Path]:
    for manager in _VERSION_MANAGERS:
        for plugin in below:
            place = home_of(project, manager, plugin)
            if place is not None and place.is_dir():
                for version in sorted(place.iterdir(), key=_number, reverse=True):
                    yield version / "bin" / name
                    yield from (version / inner / "bin" / name for inner in below)


def _number(path: Path) -> list[int]:
    return [int(number) for number in _NUMBER.findall(path.name)]


def seen(folder: Path | None) -> tuple[Bring, ...]:
    """A folder of a toolchain, read-only, where it is no part of the system."""
    if folder is None or f"{folder}/".startswith(_SYSTEM):
        return ()
    return (Bring(str(folder)),)


def path_with(*folders: Path) -> str:
    """A value for PATH: these folders, then the system's."""
    return os.pathsep.join([*dict.fromkeys(map(str, folders)), PATH])


def several(names: list[str], most: int = 3) -> str:
    """Names for a sentence, the first few of them."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
