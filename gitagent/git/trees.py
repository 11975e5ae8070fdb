"""Trees built in the object database: only the folders on a changed path are written anew."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gitagent.errors import Refused
from gitagent.git.unkept import Unkept
from gitagent.git.writing import writing

if TYPE_CHECKING:
    import pygit2

TREE, GITLINK, SYMLINK = 0o040000, 0o160000, 0o120000
REGULAR, EXECUTABLE = 0o100644, 0o100755
ID_BYTES = 20

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
    repository: pygit2.Repository,
    base: pygit2.Tree | None,
    changes: Mapping[str, Leaf],
    unkept: Unkept,
) -> str:
    """The id of `base` with each path set to a blob or tree (id, mode), or removed (None).

    Refused where git could not have such a path.
    """
    return str(_write(repository, base, nest(changes), unkept))


def nest(changes: Mapping[str, Leaf]) -> dict[str, Node]:
    """Paths as folders in folders; what is removed comes first."""
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
    repository: pygit2.Repository,
    base: pygit2.Tree | None,
    changes: dict[str, Node],
    unkept: Unkept,
) -> pygit2.Oid:
    builder = repository.TreeBuilder(base) if base is not None else repository.TreeBuilder()
    raw: dict[bytes, tuple[str, int]] = {}

    def insert(name: str, blob: str, mode: int) -> None:
        if is_utf8(name):
            with _fit():
                builder.insert(name, blob, mode)
        else:
            raw[os.fsencode(name)] = (blob, mode)

    for name, node in changes.items():
        present = builder.get(name)
        if isinstance(node, dict):
            folder = present if present is not None and int(present.filemode) == TREE else None
            child = _write(repository, folder, node, unkept)  # type: ignore[arg-type]
            if len(repository[child]):  # type: ignore[arg-type]
                insert(name, str(child), TREE)
            elif folder is not None:
                builder.remove(name)
        elif node is not None:
            insert(name, node[0], node[1])
        elif present is not None:
            builder.remove(name)
    with writing():
        tree = unkept.written(builder.write)
    if not raw:
        return tree
    with _fit():
        return unkept.written(lambda: _with_raw(repository, tree, raw))


@contextmanager
def _fit() -> Iterator[None]:
    """Raises Refused for a name that git could not have."""
    import pygit2

    try:
        yield
    except (pygit2.GitError, ValueError) as error:
        raise Refused(f"The tree cannot be written: {error}.") from error


def is_utf8(name: str) -> bool:
    """False for a name of other bytes, which `os.fsdecode` has put into surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def _with_raw(
    repository: pygit2.Repository, tree: pygit2.Oid, added: Mapping[bytes, tuple[str, int]]
) -> pygit2.Oid:
    """The tree with entries whose names are not UTF-8, which pygit2's builder cannot take."""
    import pygit2

    found = dict(entries(repository.odb.read(tree)[1]))
    for name, (blob, mode) in added.items():
        if b"\0" in name:
            raise ValueError("a name with a NUL")
        found[name] = b"%o" % mode, bytes.fromhex(blob)
    return repository.odb.write(pygit2.enums.ObjectType.TREE, b"".join(packed(found)))


def entries(data: bytes) -> Iterator[tuple[bytes, tuple[bytes, bytes]]]:
    """Name, mode and id of each entry of a tree object, as they stand in it."""
    here = 0
    while here < len(data):
        end = data.index(b"\0", here)
        mode, _, name = data[here:end].partition(b" ")
        here = end + 1 + ID_BYTES
        yield name, (mode, data[end + 1 : here])


def packed(found: Mapping[bytes, tuple[bytes, bytes]]) -> Iterable[bytes]:
    """In git's order, which takes a folder's name as if it ended with a slash."""

    def key(name: bytes) -> bytes:
        return name + b"/" * (found[name][0] in (b"40000", b"040000"))

    for name in sorted(found, key=key):
        mode, blob = found[name]
        yield b"%s %s\0%s" % (mode, name, blob)
