"""Trees built in the object database: only the folders on a changed path are written anew."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pygit2

TREE, GITLINK, SYMLINK = 0o040000, 0o160000, 0o120000
REGULAR, EXECUTABLE = 0o100644, 0o100755

Leaf = tuple[str, int] | None
Node = Leaf | dict[str, "Node"]


def walk(
    repository: pygit2.Repository, tree: pygit2.Tree, prefix: str = ""
) -> Iterator[tuple[str, pygit2.Object, int]]:
    """Path, object and git mode of every entry that is not a folder, in git's order."""
    for entry in tree:
        path = prefix + os.fsdecode(entry.raw_name or b"")
        mode = int(entry.filemode)
        if mode == TREE:
            yield from walk(repository, repository[entry.id], path + "/")  # type: ignore[arg-type]
        else:
            yield path, entry, mode


def write(
    repository: pygit2.Repository, base: pygit2.Tree | None, changes: Mapping[str, Leaf]
) -> str:
    """The id of `base` with each path set to a blob or tree (id, mode), or removed (None)."""
    return str(_write(repository, base, _nest(changes)))


def _nest(changes: Mapping[str, Leaf]) -> dict[str, Node]:
    root: dict[str, Node] = {}
    for path, leaf in sorted(changes.items(), key=lambda item: item[1] is not None):
        *folders, name = path.split("/")
        here = root
        for folder in folders:
            child = here.get(folder)
            if not isinstance(child, dict):
                child = here[folder] = {}
            here = child
        here[name] = leaf
    return root


def _write(
    repository: pygit2.Repository, base: pygit2.Tree | None, changes: dict[str, Node]
) -> pygit2.Oid:
    builder = repository.TreeBuilder(base) if base is not None else repository.TreeBuilder()
    for name, node in changes.items():
        present = builder.get(name)
        if isinstance(node, dict):
            folder = present if present is not None and int(present.filemode) == TREE else None
            child = _write(repository, folder, node)  # type: ignore[arg-type]
            if len(repository[child]):  # type: ignore[arg-type]
                builder.insert(name, child, TREE)
            elif folder is not None:
                builder.remove(name)
        elif node is not None:
            builder.insert(name, node[0], node[1])
        elif present is not None:
            builder.remove(name)
    return builder.write()
