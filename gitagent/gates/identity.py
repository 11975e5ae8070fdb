"""What a command's result depends on beside the tree, as far as it can be seen from outside.

The clock is no part of it: where something was installed or removed, names and times of change of
the folders that hold it are other ones, whatever day it is.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gitagent.domain.codec import to_line
from gitagent.domain.verdict import GateCommand

_SAYS = ("PATH", "LANG", "LANGUAGE", "TZ")
_LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/lib/python3/dist-packages")
_MULTIARCH = "/usr/lib/*-linux-gnu*"
_INSTALLED = (".dist-info", ".egg-info")
_LONGEST_PATH = 4096
_PACKAGES = ("lib/python3*/site-packages", "lib/python3*/dist-packages")


def digest(value: Any) -> str:
    return hashlib.sha256(to_line(value)).hexdigest()


def machine(environ: Mapping[str, str]) -> str:
    """The programs and libraries that a command finds by itself, and the words it is told."""
    said = {name: environ.get(name, "") for name in _SAYS}
    said |= {name: value for name, value in environ.items() if name.startswith("LC_")}
    path = [entry for entry in said["PATH"].split(os.pathsep) if entry.startswith("/")]
    folders = [*path, *_LIBRARIES, *map(str, sorted(Path("/").glob(_MULTIARCH[1:])))]
    return digest([said, [(folder, _mark(folder)) for folder in folders]])


def needed_by(command: GateCommand) -> str:
    """The programs that a command names, the packages beside them, and what it brings."""
    named = [word for word in command.argv if _is_path(word)]
    places = [bring.path for bring in command.brings if not _is_cache(bring.path, bring.how)]
    places += [str(found) for word in named for found in _packages(word)]
    return digest(
        [
            [(word, _mark(word)) for word in named],
            [(place, list(_within(place))) for place in dict.fromkeys(places)],
        ]
    )


def caches_of(command: GateCommand) -> str:
    """What a command brings to build on, which may change at any time and should not matter."""
    places = [bring.path for bring in command.brings if _is_cache(bring.path, bring.how)]
    return digest([(place, list(_within(place))) for place in places])


def _is_cache(path: str, how: str) -> bool:
    return how == "scratch" and Path(path).name != "node_modules"


def _is_path(word: str) -> bool:
    return word.startswith("/") and len(word) < _LONGEST_PATH and "\n" not in word


def _packages(program: str) -> Iterator[Path]:
    """Where an interpreter looks for packages: `program` is it, or the folder that it is in."""
    for prefix in list(Path(program).parents)[:2]:
        if str(prefix) not in ("/", "/usr"):  # those are the machine's
            for pattern in _PACKAGES:
                yield from sorted(prefix.glob(pattern))


def _within(place: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """A file or folder, and what stands directly in the folder.

    A package's folder changes when it is first imported, so that it counts by its name; what was
    installed is in the files and folders that say so beside it.
    """
    yield "", _mark(place, folders=False)
    with suppress(OSError), os.scandir(place) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_folder and (entry.name.startswith(".") or entry.name == "__pycache__"):
                continue
            told = not is_folder or entry.name.endswith(_INSTALLED)
            yield entry.name, _mark(entry.path) if told else ()


def _mark(path: str, *, folders: bool = True) -> tuple[int, ...]:
    """What changes with a file, or with the names in a folder; empty where it is not there."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return ()
    if stat.S_ISDIR(found.st_mode):
        return (found.st_mtime_ns,) if folders else (0,)
    return found.st_size, found.st_mtime_ns
