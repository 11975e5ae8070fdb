"""Reads out of a tree's Cargo.toml files which crates it has and how they hang together.

Cargo itself is not asked: it would run what the repository's own configuration names.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitagent.gates.project import Project

MANIFEST = "Cargo.toml"
_TABLES = ("dependencies", "dev-dependencies", "build-dependencies")
# Below these stands what tests read and what others wrote, as long as no workspace names it.
_ASIDE = {
    *("tests", "test", "testdata", "fixtures", "examples", "benches", "fuzz", "templates"),
    *("vendor", "third_party", "target", "node_modules", "deps"),
}

Table = Mapping[str, Any]


@dataclass(frozen=True)
class Crate:
    """A package: its folder, the folders of the tree's packages below it, and crates from outside.

    `outside` are the names that it cannot be built without on any platform. `usual_tests` says that
    each file in tests/ is a target of its name.
    """

    name: str
    folder: str
    uses: frozenset[str]
    outside: frozenset[str]
    library: bool
    programs: bool
    usual_tests: bool


@dataclass(frozen=True)
class Workspace:
    """Crates that share a lock file and a target folder; a single crate is one by itself."""

    folder: str
    crates: tuple[Crate, ...]


def workspaces(project: Project) -> tuple[Workspace, ...]:
    """The workspaces of a tree, the highest folder first."""
    tables = {
        posixpath.dirname(path): _toml(project.text(path))
        for path in project.files
        if posixpath.basename(path) == MANIFEST
    }
    found: list[Workspace] = []
    taken: set[str] = set()
    for folder in sorted(tables, key=lambda folder: (folder.count("/"), len(folder), folder)):
        if folder in taken or not _is_root(folder, tables, found):
            continue
        members = sorted(_members(folder, tables))
        taken.update(members)
        root = _table(tables[folder], "workspace")
        crates = tuple(_crate(each, tables, folder, root, project) for each in members)
        found.append(Workspace(folder, crates))
    return tuple(workspace for workspace in found if workspace.crates)


def below(crate: Crate, crates: Mapping[str, Crate]) -> tuple[str, ...]:
    """The folders of all crates of the tree that one is made of, itself left out."""
    seen: set[str] = set()
    todo = list(crate.uses)
    while todo:
        folder = todo.pop()
        if folder not in seen:
            seen.add(folder)
            todo += crates[folder].uses if folder in crates else ()
    return tuple(sorted(seen - {crate.folder}))


def _is_root(folder: str, tables: Mapping[str, Table], found: list[Workspace]) -> bool:
    own = tables[folder]
    if _ASIDE.intersection(folder.split("/")) or _is_fuzzer(own):
        return False
    if "workspace" in own:
        return True
    if "package" not in own:
        return False
    # Cargo refuses a package in a workspace's folder that is neither its member nor excluded.
    above = (each.folder for each in found if "workspace" in tables[each.folder])
    return all(not _within(folder, root) or _excluded(folder, root, tables) for root in above)


def _is_fuzzer(table: Table) -> bool:
    return bool(_table(_table(table, "package"), "metadata").get("cargo-fuzz"))


def _members(root: str, tables: Mapping[str, Table]) -> set[str]:
    """The root itself, what its patterns name, and path dependencies of these that lie below it."""
    members = {root} if "package" in tables[root] else set()
    if "workspace" not in tables[root]:
        return members
    workspace = _table(tables[root], "workspace")
    for pattern in _strings(workspace.get("members")):
        shape = _shape(_joined(root, pattern))
        members |= {folder for folder in tables if shape.fullmatch(folder)}
    todo = list(members)
    while todo:
        for folder in _paths(todo.pop(), tables, root, workspace):
            if folder in tables and folder not in members and _within(folder, root):
                members.add(folder)
                todo.append(folder)
    return {
        folder
        for folder in members
        if "package" in tables[folder]
        and not (folder != root and "workspace" in tables[folder])
        and not _excluded(folder, root, tables)
    }


def _excluded(folder: str, root: str, tables: Mapping[str, Table]) -> bool:
    excluded = _strings(_table(tables[root], "workspace").get("exclude"))
    return any(_within(folder, _joined(root, path)) for path in excluded)


def _crate(
    folder: str, tables: Mapping[str, Table], root: str, workspace: Table, project: Project
) -> Crate:
    table = tables[folder]
    sources = posixpath.join(folder, "src")
    replaced = (
        _joined(root, entry["path"])
        for patches in _table(tables[root], "patch").values()
        if isinstance(patches, dict)
        for entry in patches.values()
        if isinstance(entry, dict) and isinstance(entry.get("path"), str)
    )
    uses = {*_paths(folder, tables, root, workspace), *replaced}
    return Crate(
        str(_table(table, "package").get("name") or posixpath.basename(folder)),
        folder,
        frozenset(each for each in uses if each in tables and each != folder),
        frozenset(_outside(table, workspace)),
        "lib" in table or f"{sources}/lib.rs" in project.files,
        "bin" in table
        or f"{sources}/main.rs" in project.files
        or any(path.startswith(f"{sources}/bin/") for path in project.files),
        "test" not in table and _table(table, "package").get("autotests") is not False,
    )


def _paths(folder: str, tables: Mapping[str, Table], root: str, workspace: Table) -> Iterator[str]:
    """The folders that a package's path dependencies name, be they there or not."""
    for _, entry, home in _dependencies(tables[folder], workspace, folder, root, platform=True):
        if isinstance(entry.get("path"), str):
            yield _joined(home, entry["path"])


def _outside(table: Table, workspace: Table) -> Iterator[str]:
    for name, entry, _ in _dependencies(table, workspace, "", "", platform=False):
        if not (entry.get("path") or entry.get("git") or entry.get("optional")):
            yield str(entry.get("package") or name)


def _dependencies(
    table: Table, workspace: Table, folder: str, root: str, *, platform: bool
) -> Iterator[tuple[str, Table, str]]:
    """Each dependency's name and entry, and the folder that a path in it starts from."""
    tables = [table]
    if platform:
        tables += [each for each in _table(table, "target").values() if isinstance(each, dict)]
    shared = _table(workspace, "dependencies")
    for each in tables:
        for kind in _TABLES:
            for name, given in _table(each, kind).items():
                entry = given if isinstance(given, dict) else {}
                if entry.get("workspace"):
                    above = shared.get(name)
                    wanted = {"optional": entry.get("optional")}
                    yield name, (above if isinstance(above, dict) else {}) | wanted, root
                else:
                    yield name, entry, folder


def _shape(pattern: str) -> re.Pattern[str]:
    """Cargo's globs: `**` stands for any number of folders, the rest stays within one."""
    parts = [
        "(?:[^/]+/)*"
        if part == "**"
        else fnmatch.translate(part).removesuffix(r"\Z").replace(".*", "[^/]*") + "/"
        for part in pattern.split("/")
    ]
    return re.compile("".join(parts).removesuffix("/")) if pattern else re.compile("")


def _joined(folder: str, path: str) -> str:
    joined = posixpath.normpath(posixpath.join(folder, path))
    return "" if joined == "." else joined


def _within(folder: str, root: str) -> bool:
    return not root or folder == root or folder.startswith(f"{root}/")


def _toml(text: str) -> Table:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _table(table: Table, name: str) -> Table:
    found = table.get(name)
    return found if isinstance(found, dict) else {}


def _strings(values: object) -> list[str]:
    return [each for each in values if isinstance(each, str)] if isinstance(values, list) else []
