"""Finds the Rust toolchain of a project, as rustup would, without running anything.

`cargo` in PATH is mostly a proxy, which starts what a file of the repository names and downloads
what is not there. The gate starts the toolchain's own program.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gitagent.gates.project import Project

_FILES = ("rust-toolchain.toml", "rust-toolchain")
_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*")


@dataclass(frozen=True)
class Rust:
    """Where `cargo` and `rustc` are, in the `folder` that they need.

    `instead_of` is what the project asks for, where that is another toolchain.
    """

    programs: Path
    folder: Path
    instead_of: str = ""


def rust(project: Project, folder: str) -> Rust | None:
    """The toolchain for a workspace; another one where the one that it asks for is not there."""
    cargo = project.program("cargo")
    if cargo is not None and not _is_proxy(Path(cargo)):
        programs = Path(cargo).resolve().parent
        return Rust(programs, programs.parent)
    asked = _asked_for(project, folder)
    found = asked and _installed(project, asked)
    if found:
        return Rust(found / "bin", found)
    for name in _usual(project):
        found = _installed(project, name)
        if found:
            return Rust(found / "bin", found, asked)
    return None


def _is_proxy(cargo: Path) -> bool:
    return cargo.resolve().name.startswith("rustup") or (cargo.parent / "rustup").exists()


def _asked_for(project: Project, folder: str) -> str:
    """The channel in the toolchain file nearest to a folder; a path in it is nobody's to follow."""
    while True:
        for name in _FILES:
            text = project.text(f"{folder}/{name}" if folder else name)
            if text:
                return _channel(text)
        if not folder:
            return ""
        folder = folder.rpartition("/")[0]


def _channel(text: str) -> str:
    try:
        toolchain = tomllib.loads(text).get("toolchain")
    except tomllib.TOMLDecodeError:
        toolchain = {"channel": text.strip()}
    channel = toolchain.get("channel") if isinstance(toolchain, dict) else None
    return channel if isinstance(channel, str) and _NAME.fullmatch(channel) else ""


def _usual(project: Project) -> Iterator[str]:
    """What the user's own settings name, the most special first, and then what there is."""
    yield project.environ.get("RUSTUP_TOOLCHAIN", "")
    home = _home(project)
    settings = _settings(home)
    overrides = settings.get("overrides")
    if isinstance(overrides, dict) and project.checkout is not None:
        for folder in (project.checkout, *project.checkout.parents):
            yield str(overrides.get(str(folder), ""))
    yield str(settings.get("default_toolchain", ""))
    yield "stable"
    if home is not None and (home / "toolchains").is_dir():
        yield from sorted(path.name for path in (home / "toolchains").iterdir())


def _settings(home: Path | None) -> dict[str, object]:
    try:
        return tomllib.loads((home / "settings.toml").read_text()) if home else {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}


def _installed(project: Project, name: str) -> Path | None:
    """The folder of a toolchain, by its full name or without its platform (`1.75`, `stable`)."""
    home = _home(project)
    if home is None or not _NAME.fullmatch(name):
        return None
    exact = home / "toolchains" / name
    places = [exact, *sorted((home / "toolchains").glob(f"{name}-*-*"))]
    return next((each for each in places if os.access(each / "bin" / "cargo", os.X_OK)), None)


def _home(project: Project) -> Path | None:
    if project.environ.get("RUSTUP_HOME"):
        return Path(project.environ["RUSTUP_HOME"])
    return Path(project.environ["HOME"]) / ".rustup" if project.environ.get("HOME") else None
