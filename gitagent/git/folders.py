"""A tree of our own making, held in memory: an event writes its own folders and reads none.

For names that are ours; what comes from people or models goes through `trees`, where libgit2 says
what git could not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gitagent.git.trees import TREE, Leaf, Node, entries, nest, packed

Read = Callable[[str], bytes]
Write = Callable[[bytes], str]


@dataclass(frozen=True)
class Folder:
    """A tree object by its id: entries by name, as (mode, id), and the folders that were read."""

    id: str = ""
    entries: Mapping[bytes, tuple[bytes, bytes]] = field(default_factory=dict)
    inside: Mapping[bytes, Folder] = field(default_factory=dict)


def opened(tree: str, read: Read) -> Folder:
    """The folder of a tree; `read` gives the content of a tree object."""
    return Folder(tree, dict(entries(read(tree))))


def changed(folder: Folder, changes: Mapping[str, Leaf], read: Read, write: Write) -> Folder:
    """The folder with each path set to (id, mode), or removed (None).

    `write` keeps the content of a tree object and gives its id. An empty folder goes.
    """
    return _changed(folder, nest(changes), read, write)


def _changed(folder: Folder, changes: Mapping[str, Node], read: Read, write: Write) -> Folder:
    here, inside = dict(folder.entries), dict(folder.inside)
    for text, node in changes.items():
        name = text.encode()
        if isinstance(node, dict):
            before = _inside(here, inside, name, read)
            child = _changed(before, node, read, write)
            inside[name] = child
            if child.entries or before.entries:
                _set(here, name, (child.id, TREE) if child.entries else None)
        else:
            inside.pop(name, None)
            _set(here, name, node)
    return Folder(write(b"".join(packed(here))) if here else "", here, inside)


def _inside(
    here: Mapping[bytes, tuple[bytes, bytes]],
    inside: Mapping[bytes, Folder],
    name: bytes,
    read: Read,
) -> Folder:
    if name in inside:
        return inside[name]
    present = here.get(name)
    is_tree = present is not None and int(present[0], 8) == TREE
    return opened(present[1].hex(), read) if present and is_tree else Folder()


def _set(here: dict[bytes, tuple[bytes, bytes]], name: bytes, leaf: Leaf) -> None:
    if leaf is None:
        here.pop(name, None)
    else:
        here[name] = b"%o" % leaf[1], bytes.fromhex(leaf[0])
