"""What cargo has downloaded for this user, and how the gate is given it.

Cargo's folder holds the user's passwords, too: only the registries' copies are given away, and its
configuration only where no secret is in it.
"""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gitagent.domain.verdict import Bring
from gitagent.gates.project import Project
from gitagent.gates.toolchains.crates import Workspace
from gitagent.gates.toolchains.installed import home_of

_CONFIGURATIONS = ("config.toml", "config")
_SECRET = ("token", "secret-key", "proxy", "credential-provider", "credential-alias")
_COPY = re.compile(r"(?P<name>.+?)-\d+\.\d+\.\d+.*")


def cargo_home(project: Project) -> Path | None:
    given = project.environ.get("CARGO_HOME", "")
    return Path(given) if given.startswith("/") else home_of(project, ".cargo")


def downloaded(project: Project) -> tuple[Bring, ...]:
    """Cargo writes beside what it reads, even offline: nothing of that stays."""
    home = cargo_home(project)
    if home is None:
        return ()
    copies = [Bring(str(home / name), how="scratch") for name in ("registry", "git")]
    brings = [each for each in copies if Path(each.path).is_dir()]
    settings = _own_settings(home)
    if settings is not None and not _has_secret(_toml(settings.read_text("utf-8", "replace"))):
        brings.append(Bring(str(settings)))
    return tuple(brings)


def withheld(project: Project) -> str:
    """The configuration of cargo that stays out of the gate for what is in it; else nothing."""
    home = cargo_home(project)
    settings = _own_settings(home) if home else None
    given = {each.path for each in downloaded(project)}
    return str(settings) if settings is not None and str(settings) not in given else ""


def absent(project: Project, workspace: Workspace) -> list[str]:
    """Crates from outside that a workspace cannot do without and that are nowhere to be found.

    Nothing is known where the sources of crates are replaced: they can be anywhere.
    """
    if any("source" in settings for settings in _all_settings(project, workspace)):
        return []
    wanted = set().union(*(crate.outside for crate in workspace.crates))
    if not wanted:
        return []
    home = cargo_home(project)
    return sorted(wanted - (set(_copies(home)) if home else set()))


def vendored(project: Project, workspace: Workspace) -> tuple[Bring, ...]:
    """Folders with sources of crates that the tree's settings name and that are not in git."""
    if project.checkout is None:
        return ()
    found = []
    for above, settings in _tree_settings(project, workspace.folder):
        sources = settings.get("source")
        for source in sources.values() if isinstance(sources, dict) else ():
            folder = source.get("directory") if isinstance(source, dict) else None
            at = posixpath.normpath(posixpath.join(above, folder)) if folder else ""
            if at and not at.startswith(("/", "..")) and not _tracked(project, at):
                found.append(Bring(str(project.checkout / at), at))
    return tuple(each for each in found if Path(each.path).is_dir())


def _tracked(project: Project, folder: str) -> bool:
    return any(path.startswith(f"{folder}/") for path in project.files)


def _copies(home: Path) -> Iterator[str]:
    for index in (*home.glob("registry/cache/*"), *home.glob("registry/src/*")):
        for path in index.iterdir():
            copy = _COPY.fullmatch(path.name)
            if copy:
                yield copy["name"]


def _all_settings(project: Project, workspace: Workspace) -> Iterator[dict[str, Any]]:
    yield from (settings for _, settings in _tree_settings(project, workspace.folder))
    home = cargo_home(project)
    own = _own_settings(home) if home else None
    if own is not None:
        yield _toml(own.read_text("utf-8", "replace"))


def _tree_settings(project: Project, folder: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The settings for a folder, each with the folder that paths in it start from."""
    while True:
        for name in _CONFIGURATIONS:
            text = project.text(posixpath.join(folder, ".cargo", name))
            if text:
                yield folder, _toml(text)
        if not folder:
            return
        folder = posixpath.dirname(folder)


def _own_settings(home: Path) -> Path | None:
    return next((home / name for name in _CONFIGURATIONS if (home / name).is_file()), None)


def _has_secret(settings: object) -> bool:
    if isinstance(settings, dict):
        return any(
            str(name).endswith(_SECRET) or _has_secret(value) for name, value in settings.items()
        )
    # A URL may name a user and a password.
    return isinstance(settings, str) and "://" in settings and "@" in settings


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
