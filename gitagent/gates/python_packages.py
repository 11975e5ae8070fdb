"""The Python packages of a tree that holds several, and which of them use each other."""

from __future__ import annotations

import configparser
import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gitagent.gates.project import Project

_MANIFESTS = ("pyproject.toml", "setup.py", "setup.cfg")
# A package there is an example or material of tests.
_MATERIAL = re.compile(
    r"(?:^|/)(?:tests?|testing|testdata|fixtures?|examples?|docs?|templates?|vendor|_vendor"
    r"|third_party|node_modules|site-packages|benchmarks?|\.[^/]+|[^/]*\{\{[^/]*)(?:/|$)"
)
_NAME = re.compile(r"^\s*(?P<name>[A-Za-z0-9][\w.-]*)")
_SETUP = re.compile(r"\bsetup\s*\(")
_SETUP_NAME = re.compile(r"""\bname\s*=\s*['"]([\w.-]+)['"]""")
_QUOTED = re.compile(r"""['"]([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?:[<>=!~;@ ][^'"]*)?['"]""")
_EDITABLE = re.compile(r"^\s*(?:-e|--editable)\s+(?P<path>\.{1,2}/[^\s#\[]*)", re.MULTILINE)


@dataclass(frozen=True)
class PythonPackage:
    """A folder with a manifest: `needs` are normalised names, `paths` folders it is told to take.

    `uses` are the folders of those packages of the tree that it needs.
    """

    folder: str
    name: str = ""
    needs: frozenset[str] = frozenset()
    runtime: tuple[str, ...] = ()
    paths: frozenset[str] = frozenset()
    uses: tuple[str, ...] = ()


def python_packages(project: Project) -> tuple[PythonPackage, ...]:
    """The root, which holds what no other does, then those below it, outer ones first."""
    folders = {
        posixpath.dirname(path)
        for path in project.files
        if posixpath.basename(path) in _MANIFESTS and not _MATERIAL.search(posixpath.dirname(path))
    }
    found = [package for folder in sorted(folders - {""}) if (package := _read(project, folder))]
    root = _read(project, "") or PythonPackage("")
    return tuple(_linked(package, found) for package in (root, *found))


def normalised(name: str) -> str:
    """A distribution's name in the form in which two of them are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _read(project: Project, folder: str) -> PythonPackage | None:
    """None where a manifest only holds the settings of tools."""
    package = PythonPackage(folder)
    sound = False
    for read in (_pyproject, _setup_cfg, _setup_py):
        further = read(project, package)
        sound, package = sound or further is not None, further or package
    if not sound:
        return None
    beside = f"{folder}/" if folder else ""
    for path in project.files:
        inside = path.startswith(beside) and "/" not in path[len(beside) :]
        if inside and re.search(r"requirements[^/]*\.(?:txt|in)$", path):
            package = _with_requirements(package, project.text(path))
    return package


def _pyproject(project: Project, package: PythonPackage) -> PythonPackage | None:
    table = _toml(project.text(posixpath.join(package.folder, "pyproject.toml")))
    own = _table(table, "project")
    poetry = _table(table, "tool", "poetry")
    if not own and not poetry and "build-system" not in table:
        return None
    groups = [poetry, *_table(poetry, "group").values()]
    named = {
        name: value
        for group in groups
        if isinstance(group, dict)
        for kind in ("dependencies", "dev-dependencies")
        for name, value in _table(group, kind).items()
    }
    listed = [own.get("dependencies", [])]
    listed += [*_table(own, "optional-dependencies").values()]
    listed += [*_table(table, "dependency-groups").values()]
    requirements = [each for some in listed if isinstance(some, list) for each in some]
    runtime = own.get("dependencies", [])
    sources = _table(table, "tool", "uv", "sources")
    tables = [value for value in (*named.values(), *sources.values()) if isinstance(value, dict)]
    return replace(
        package,
        name=normalised(str(own.get("name") or poetry.get("name") or "")),
        needs=frozenset([*map(normalised, named), *_names(requirements)]),
        runtime=tuple(_names(runtime if isinstance(runtime, list) else [], unconditional=True)),
        paths=frozenset(
            _path(package.folder, str(value["path"])) for value in tables if "path" in value
        ),
    )


def _setup_cfg(project: Project, package: PythonPackage) -> PythonPackage | None:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(project.text(posixpath.join(package.folder, "setup.cfg")))
    except configparser.Error:
        return None
    if not parser.has_option("metadata", "name"):
        return None
    required = parser.get("options", "install_requires", fallback="").splitlines()
    texts = [*required]
    if parser.has_section("options.extras_require"):
        texts += [
            line for _, text in parser.items("options.extras_require") for line in text.split("\n")
        ]
    return replace(
        package,
        name=package.name or normalised(parser.get("metadata", "name")),
        needs=package.needs | {*_names(texts)},
        runtime=package.runtime or tuple(_names(required, unconditional=True)),
    )


def _setup_py(project: Project, package: PythonPackage) -> PythonPackage | None:
    text = project.text(posixpath.join(package.folder, "setup.py"))
    if not _SETUP.search(text):
        return None
    named = _SETUP_NAME.search(text)
    return replace(
        package,
        name=package.name or normalised(named[1] if named else ""),
        needs=package.needs | {normalised(each) for each in _QUOTED.findall(text)},
    )


def _with_requirements(package: PythonPackage, text: str) -> PythonPackage:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("#", "-"))]
    editable = {_path(package.folder, found["path"]) for found in _EDITABLE.finditer(text)}
    return replace(package, needs=package.needs | {*_names(lines)}, paths=package.paths | editable)


def _linked(package: PythonPackage, found: Sequence[PythonPackage]) -> PythonPackage:
    others = [other for other in found if other.folder != package.folder]
    uses = [
        other.folder
        for other in others
        if (other.name and other.name in package.needs) or other.folder in package.paths
    ]
    return replace(package, uses=tuple(uses))


def _names(requirements: Sequence[Any], *, unconditional: bool = False) -> Iterator[str]:
    for requirement in requirements:
        text = str(requirement) if isinstance(requirement, str) else ""
        named = _NAME.match(text)
        if named and not (unconditional and ";" in text):
            yield normalised(named["name"])


def _path(folder: str, path: str) -> str:
    found = posixpath.normpath(posixpath.join(folder, path))
    return "" if found == "." else found


def _table(of: Mapping[str, Any], *names: str) -> dict[str, Any]:
    found: Any = of
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
