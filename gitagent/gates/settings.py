"""What in a project's own files steers its tests, apart from all else that stands in them.

A new dependency in `pyproject.toml` or a new script in `package.json` is none of the gate's
business; another `addopts` or another `test` script is.
"""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

_PYTEST = (
    *("tool.pytest", "tool.coverage"),
    *("project.entry-points.pytest11", "tool.poetry.plugins.pytest11"),
)
_STARTED = {
    "tox": "tool.tox",
    "nox": "tool.nox",
    "hatch": "tool.hatch.envs",
    "pdm": "tool.pdm.scripts",
    "poe": "tool.poe.tasks",
    "task": "tool.taskipy",
}
_CARGO = (
    *("lib.test", "lib.doctest", "lib.harness", "package.autotests", "package.build", "test"),
    *("profile.test", "workspace.exclude", "workspace.default-members"),
)
_NODE = ("jest", "mocha", "ava", "vitest", "tap", "c8", "nyc", "jasmine", "overrides")
_STRICT = re.compile(r"strict|^no[A-Z]|^skip|^allow|^check|^exact|^use|^isolated")
_TS = ("include", "exclude", "files", "extends", "references")
_MIX = re.compile(r"test|alias|preferred_cli|ExUnit|halt|elixirc_paths")
_COMMENTS = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)


def steers_otherwise(
    path: str, base: bytes | None, now: bytes | None, starts: Callable[[str], bool]
) -> bool:
    """Whether a file's settings for tests are others than on the base; None is no such file.

    `starts` says whether the gate starts a program: of others, the settings do not matter.
    """
    read = _reader(path)
    if read is None or base == now:
        return False
    return bool(_asked(read, base, base, starts) != _asked(read, base, now, starts))


def with_base_settings(path: str, base: bytes | None, now: bytes | None) -> bytes | None:
    """What a file is to say where its settings are to be the base's; None where it must be gone.

    A manifest whose other parts the tests may need keeps them; else it is the base's file.
    """
    if path.rpartition("/")[2] != "package.json" or base is None or now is None:
        return base
    try:
        before, after = json.loads(base), json.loads(now)
        scripts = {**_dict(after, "scripts"), **_dict(before, "scripts")}
    except (ValueError, AttributeError, TypeError):
        return base
    kept = {key: value for key, value in after.items() if key not in _NODE}
    kept |= {key: before[key] for key in _NODE if key in before}
    if scripts:
        hooks = {f"{when}{name}" for name in scripts for when in ("pre", "post")}
        known = _dict(before, "scripts")
        kept["scripts"] = {k: v for k, v in scripts.items() if k in known or k not in hooks}
    return json.dumps(kept, indent=2).encode() + b"\n"


Starts = Callable[[str], bool]
Read = Callable[[bytes, bytes, Starts], Any]


def _asked(read: Read, base: bytes | None, data: bytes | None, starts: Starts) -> Any:
    """Settings as a value; a file that cannot be read is compared as it stands."""
    try:
        return read(data or b"", base or b"", starts)
    except (ValueError, TypeError, AttributeError, configparser.Error, RecursionError):
        return data


def _reader(path: str) -> Read | None:
    name = path.rpartition("/")[2]
    return next((read for pattern, read in _READERS.items() if fnmatchcase(name, pattern)), None)


def _pyproject(data: bytes, _base: bytes, starts: Starts) -> Any:
    started = (key for program, key in _STARTED.items() if starts(program))
    return _picked(tomllib.loads(data.decode()), (*_PYTEST, *started))


def _cargo(data: bytes, base: bytes, _starts: Starts) -> Any:
    found = tomllib.loads(data.decode())
    members = set(_members(tomllib.loads(base.decode()))) & set(_members(found))
    return _picked(found, _CARGO) | {"members": sorted(members)}


def _members(cargo: Mapping[str, Any]) -> list[str]:
    members = _dict(cargo, "workspace").get("members", [])
    return [str(member) for member in members]


def _ini(data: bytes, _base: bytes, starts: Starts) -> Any:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(data.decode())
    with_tox = "|testenv" if starts("tox") else ""
    telling = re.compile(rf"(?:tool:)?pytest$|coverage:|aliases${with_tox}")
    return {name: dict(parser[name]) for name in parser.sections() if telling.match(name)}


def _package(data: bytes, base: bytes, _starts: Starts) -> Any:
    found, before = json.loads(data or b"{}"), json.loads(base or b"{}")
    known = _dict(before, "scripts")
    names = {*known, *(f"{when}{name}" for name in known for when in ("pre", "post"))}
    scripts = {k: v for k, v in _dict(found, "scripts").items() if k in names or not known}
    return _picked(found, _NODE) | {"scripts": scripts if known else {}}


def _tsconfig(data: bytes, _base: bytes, _starts: Starts) -> Any:
    text = _COMMENTS.sub(lambda found: found[1] or "", data.decode())
    found = json.loads(text or "{}")
    options = _dict(found, "compilerOptions")
    return _picked(found, _TS) | {k: v for k, v in options.items() if _STRICT.search(k)}


def _mix(data: bytes, _base: bytes, _starts: Starts) -> Any:
    return [line.strip() for line in data.decode().splitlines() if _MIX.search(line)]


def _picked(found: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """The values below these dotted keys."""
    picked: dict[str, Any] = {}
    for key in keys:
        value: Any = found
        for part in key.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is not None:
            picked[key] = value
    return picked


def _dict(found: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = found.get(key)
    return dict(value) if isinstance(value, Mapping) else {}


_READERS: Mapping[str, Read] = {
    "pyproject.toml": _pyproject,
    "setup.cfg": _ini,
    "tox.ini": _ini,
    "package.json": _package,
    "tsconfig*.json": _tsconfig,
    "Cargo.toml": _cargo,
    "mix.exs": _mix,
}
