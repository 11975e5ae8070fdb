"""The packages of a tree, by their package.json files, and which of them use each other."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from gitagent.gates.project import Project

MANIFEST = "package.json"
_DEPENDENCIES = (
    "dependencies",
    "devDependencies",
    "peerDependencies",
    "optionalDependencies",
)
_INSTALL = {
    "npm": "npm ci",
    "pnpm": "pnpm install --frozen-lockfile",
    "yarn": "yarn install --frozen-lockfile",
    "bun": "bun install --frozen-lockfile",
}
_LOCKS = (
    ("pnpm-lock.yaml", "pnpm"),
    ("yarn.lock", "yarn"),
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
)
# A package there is an example or material of tests. That a workspace links it in changes nothing.
_MATERIAL = re.compile(
    r"(?:^|/)(?:__\w+__|fixtures?|examples?|templates?|testdata|playgrounds?|vendor"
    r"|third_party|benchmarks?|bench|\.[^/]+)(?:/|$)"
)
_IN_TESTS = re.compile(r"(?:^|/)(?:tests?|docs?)(?:/|$)")
_INSTALLED = re.compile(r"(?:^|/)(?:node_modules|bower_components)(?:/|$)")
_PNPM_LIST = re.compile(
    r"^packages:[ \t]*(?P<flow>\[[^\]]*\])?[^\n]*\n?(?P<block>(?:[ \t#-][^\n]*\n?|\n)*)", re.M
)
_ITEM = re.compile(
    r"""^[ \t]*-[ \t]+(?P<quote>['"]?)(?P<glob>[^'"\n#]+?)(?P=quote)[ \t]*(?:#.*)?$""", re.M
)
_QUOTED = re.compile(r"""['"]?([^'",\[\]\s]+)['"]?""")


@dataclass(frozen=True)
class Package:
    """A package.json: `needs` are names with the versions that it asks for, dev or not.

    `runtime` are those that it cannot run without, `uses` the folders of the packages of the tree
    that it needs.
    """

    folder: str
    name: str = ""
    scripts: Mapping[str, str] = field(default_factory=dict)
    needs: Mapping[str, str] = field(default_factory=dict)
    runtime: frozenset[str] = frozenset()
    module: bool = False
    uses: tuple[str, ...] = ()
    has_members: bool = False

    @property
    def manifest(self) -> str:
        return posixpath.join(self.folder, MANIFEST)


def packages(project: Project) -> tuple[Package, ...]:
    """Those that are worked on here, the root first; not what is installed, and no examples.

    Where the root names its workspaces, these are all; else every package that has a test script.
    """
    found = {
        posixpath.dirname(path): _loaded(project, path)
        for path in project.files
        if posixpath.basename(path) == MANIFEST and not _INSTALLED.search(path)
    }
    globs = workspaces(project, found.get("", {}))
    members = _members(sorted(found), globs) if globs else [*_apart(found)]
    folders = [*([""] if "" in found else []), *members]
    here = [_package(folder, found[folder], bool(globs) and not folder) for folder in folders]
    return tuple(_linked(package, here) for package in here)


def workspaces(project: Project, root: Mapping[str, Any]) -> tuple[str, ...]:
    """The globs by which npm, yarn, pnpm or lerna find the packages of a workspace."""
    named = root.get("workspaces")
    if isinstance(named, dict):
        named = named.get("packages")
    if isinstance(named, list) and named:
        return tuple(str(each) for each in named)
    if text := project.text("pnpm-workspace.yaml"):
        return _pnpm(text)
    named = _json(project.text("lerna.json")).get("packages")
    return tuple(str(each) for each in named) if isinstance(named, list) else ()


def manager(project: Project) -> str:
    """npm, pnpm, yarn or bun: as the root says, or by the lock file that is there."""
    named = str(_json(project.text(MANIFEST)).get("packageManager", "")).partition("@")[0]
    if named in _INSTALL:
        return named
    return next((name for lock, name in _LOCKS if lock in project.files), "npm")


def install(project: Project) -> str:
    """The command by which a person installs what the packages need."""
    name = manager(project)
    locked = any(lock in project.files for lock, owner in _LOCKS if owner == name)
    return _INSTALL[name] if locked else f"{name} install"


def _members(folders: Sequence[str], globs: Sequence[str]) -> list[str]:
    wanted = [_steps(each) for glob in globs if glob[:1] != "!" for each in _spread(glob)]
    unwanted = [_steps(each) for glob in globs if glob[:1] == "!" for each in _spread(glob[1:])]
    return [
        folder
        for folder in folders
        if folder
        and not _MATERIAL.search(folder)
        and any(_fits(folder.split("/"), steps) for steps in wanted)
        and not any(_fits(folder.split("/"), steps) for steps in unwanted)
    ]


def _spread(glob: str) -> list[str]:
    """A glob for each of the words in its first braces."""
    braces = re.search(r"\{([^{}]*)\}", glob)
    if not braces:
        return [glob]
    return [glob[: braces.start()] + each + glob[braces.end() :] for each in braces[1].split(",")]


def _steps(glob: str) -> list[str]:
    return [step for step in glob.split("/") if step not in ("", ".")]


def _fits(parts: Sequence[str], steps: Sequence[str]) -> bool:
    """Whether a glob of folders fits, in which `**` stands for any depth.

    It goes from step to step with all places that are possible, so that no glob takes long.
    """
    places = {0}
    for step in steps:
        if step == "**":
            places = set(range(min(places), len(parts) + 1))
        else:
            places = {at + 1 for at in places if at < len(parts) and fnmatchcase(parts[at], step)}
        if not places:
            return False
    return len(parts) in places


def _apart(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The folders of packages that no root holds together."""
    for folder, manifest in sorted(found.items()):
        own = folder and not (_MATERIAL.search(folder) or _IN_TESTS.search(folder))
        if own and _texts(manifest.get("scripts")).get("test"):
            yield folder


def _package(folder: str, manifest: Mapping[str, Any], has_members: bool) -> Package:
    needs: dict[str, str] = {}
    for kind in _DEPENDENCIES:
        needs |= _texts(manifest.get(kind))
    return Package(
        folder,
        str(manifest.get("name", "")),
        _texts(manifest.get("scripts")),
        needs,
        frozenset(_texts(manifest.get("dependencies"))),
        manifest.get("type") == "module",
        has_members=has_members,
    )


def _linked(package: Package, all_: Sequence[Package]) -> Package:
    by_name = {other.name: other.folder for other in all_ if other.name}
    folders = {other.folder for other in all_}
    uses = set()
    for name, version in package.needs.items():
        kind, _, path = version.partition(":")
        if kind in ("file", "link", "portal"):
            target = posixpath.normpath(posixpath.join(package.folder, path))
            uses |= {target} & folders
        elif name in by_name:
            uses.add(by_name[name])
    if package.has_members:
        # what the root tests is what its members hold
        uses |= folders
    return Package(**{**vars(package), "uses": tuple(sorted(uses - {package.folder}))})


def _pnpm(text: str) -> tuple[str, ...]:
    listed = _PNPM_LIST.search(text if text.endswith("\n") else f"{text}\n")
    if not listed:
        return ()
    if listed["flow"]:
        return tuple(_QUOTED.findall(listed["flow"]))
    return tuple(item["glob"].strip() for item in _ITEM.finditer(listed["block"]))


def _loaded(project: Project, path: str) -> dict[str, Any]:
    return _json(project.text(path))


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text.removeprefix("\ufeff") or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _texts(found: Any) -> dict[str, str]:
    if not isinstance(found, dict):
        return {}
    return {str(name): str(text) for name, text in found.items() if isinstance(text, str)}
