"""What an installation in the user's checkout wrote between its sources, and git does not have.

A module that holds the version, made out of git's tags, and extension modules that were compiled in
place: without them a fresh export cannot be imported.
"""

from __future__ import annotations

import posixpath
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gitagent.domain.verdict import Bring
from gitagent.gates.project import Project

_MOST = 500
_SOURCES = (".py", ".pyx", ".pyi", ".c", ".cc", ".cpp", ".rs")
# Where setuptools-scm, hatch-vcs, pdm and flit-scm are told to write it.
_WRITTEN_BY = (
    (("tool", "setuptools_scm"), ("version_file", "write_to")),
    (("tool", "hatch", "build", "hooks", "vcs"), ("version-file",)),
    (("tool", "pdm", "version"), ("write_to",)),
    (("tool", "vcs-versioning"), ("version_file", "write_to")),
)


def generated(project: Project, folder: str) -> tuple[Bring, ...]:
    """The files below a package's folder in the checkout that stand beside those of the tree."""
    if project.checkout is None:
        return ()
    found = []
    paths = (path for either in _versions(project, folder) for path in either)
    for path in dict.fromkeys((*paths, *_compiled(project, folder))):
        place = project.checkout / path
        if path not in project.files and place.is_file() and not place.is_symlink():
            found.append(Bring(str(place), path))
    return tuple(found[:_MOST])


def unwritten(project: Project, folder: str) -> tuple[str, ...]:
    """The modules that hold a version, and that no installation has written yet."""
    there = {*project.files, *(bring.at for bring in generated(project, folder))}
    return tuple(
        either[0] for either in _versions(project, folder) if either and not there & {*either}
    )


def _versions(project: Project, folder: str) -> Iterator[tuple[str, ...]]:
    """For each such module the paths at which it may be meant."""
    try:
        table = tomllib.loads(project.text(posixpath.join(folder, "pyproject.toml")))
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    for names, keys in _WRITTEN_BY:
        settings: Any = table
        for name in names:
            settings = settings.get(name) if isinstance(settings, dict) else None
        for key in keys if isinstance(settings, dict) else ():
            if isinstance(settings.get(key), str):
                # pdm counts from the folder of the modules
                either = (posixpath.join(folder, root, settings[key]) for root in ("", "src"))
                normal = (posixpath.normpath(path) for path in either)
                yield tuple(path for path in normal if not path.startswith(("../", "/")))


def _compiled(project: Project, folder: str) -> Iterator[str]:
    beginning = f"{folder}/" if folder else ""
    folders = {
        posixpath.dirname(path)
        for path in project.files
        if path.startswith(beginning) and path.endswith(_SOURCES)
    }
    for each in sorted(folders):
        place = Path(str(project.checkout), each)
        for found in sorted(place.glob("*.so")):
            if ".cpython-" in found.name or ".abi3." in found.name:
                yield posixpath.join(each, found.name)
