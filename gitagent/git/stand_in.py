"""A git folder for programs that ask git about the tree under test.

It says what the tree is, which files are in it, that none is changed, and which release it comes
after. The history, the settings, the hooks and the contents are the user's, and are not in it: a
command that writes to it has written to nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from gitagent.errors import Unwritable
from gitagent.git.pack import ID_BYTES, entry, joined
from gitagent.git.repository import GitRepo

Entry = tuple[bytes, int, bytes]
"""Path, mode and binary id of what is no folder."""

_COMMIT, _TREE, _TAG = 1, 2, 4
_NAMES = {_COMMIT: "commit", _TREE: "tree", _TAG: "tag"}
_FOLDER = b"40000"
_LARGEST_NAME, _INDEX_AHEAD = 0xFFF, 2
_COMMITS, _TAGS = 1_000, 5_000
_WHO = "gitagent <gitagent@localhost>"
_CONFIG = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tcheckStat = minimal
\ttrustctime = false
\tfsmonitor = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
"""


@dataclass
class StandIn:
    """Makes git folders for trees of `repo` that follow `commit`, in the history of `past`.

    Without a commit they follow none.
    """

    repo: GitRepo
    past: GitRepo
    commit: str | None
    _packed: dict[bytes, bytes] = field(default_factory=dict)

    def write(self, tree: str, folder: Path) -> None:
        """Write `folder`/.git for a tree that was written to `folder`, over one of before.

        Raises Unwritable where the folder cannot be written.
        """
        try:
            self._write(tree, folder)
        except OSError as error:
            raise Unwritable(f"{folder} cannot be written: {error.strerror}.") from error

    def _write(self, tree: str, folder: Path) -> None:
        trees: dict[bytes, bytes] = {}
        entries, cached = self._walked(tree, trees)
        git = folder / ".git"
        shutil.rmtree(git, ignore_errors=True)
        for name in ("objects/pack", "refs/heads", "refs/tags"):
            (git / name).mkdir(parents=True)
        commit = self._commit(tree)
        objects = [*((_TREE, data) for data in trees.values()), (_COMMIT, commit)]
        head = _id(_COMMIT, commit).hex()
        if self._tag:
            tag = self._tag_of(head)
            objects.append((_TAG, tag))
            place = git / "refs" / "tags" / self._tag
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(_id(_TAG, tag).hex() + "\n")
        self._pack(objects, git / "objects" / "pack")
        (git / "refs" / "heads" / "main").write_text(head + "\n")
        (git / "HEAD").write_text("ref: refs/heads/main\n")
        (git / "config").write_text(_CONFIG)
        _write_index(git / "index", entries, cached, folder)

    def _commit(self, tree: str) -> bytes:
        who = f"{_WHO} {self._when} +0000"
        return f"tree {tree}\nauthor {who}\ncommitter {who}\n\nThe tree under test\n".encode()

    def _tag_of(self, commit: str) -> bytes:
        who = f"{_WHO} {self._when} +0000"
        said = f"object {commit}\ntype commit\ntag {self._tag}\ntagger {who}\n\n{self._tag}\n"
        return said.encode(errors="surrogateescape")

    @cached_property
    def _when(self) -> int:
        import pygit2

        if not self.commit:
            return 0
        return int(self.past.pygit2[self.commit].peel(pygit2.Commit).commit_time)

    @cached_property
    def _tag(self) -> str:
        """The nearest tag among the commit's ancestors, as far as we look for it."""
        import pygit2

        raw = self.past.pygit2
        names = [name for name in raw.references if name.startswith("refs/tags/")]
        if not self.commit or not names or len(names) > _TAGS:
            return ""
        tagged: dict[str, str] = {}
        for name in sorted(names):
            with suppress(pygit2.GitError, KeyError, ValueError):
                tagged[str(raw.references[name].peel(pygit2.Commit).id)] = name
        with suppress(pygit2.GitError, KeyError):
            order = pygit2.enums.SortMode.TIME
            for count, commit in enumerate(raw.walk(self.commit, order)):
                if str(commit.id) in tagged:
                    return tagged[str(commit.id)].removeprefix("refs/tags/")
                if count >= _COMMITS:
                    break
        return ""

    def _walked(self, tree: str, trees: dict[bytes, bytes]) -> tuple[list[Entry], bytes]:
        """The entries of a tree in the index's order, and what an index says of its folders."""
        entries: list[Entry] = []

        def walk(name: bytes, path: bytes, id_: bytes) -> tuple[bytes, int]:
            data = trees[id_] = self._tree(id_)
            before, below, count = len(entries), b"", 0
            for mode, part, child in _parsed(data):
                if mode == _FOLDER:
                    said, _ = walk(part, path + part + b"/", child)
                    below, count = below + said, count + 1
                else:
                    entries.append((path + part, int(mode, 8), child))
            covered = len(entries) - before
            return b"%s\0%d %d\n%s%s" % (name, covered, count, id_, below), covered

        said, _ = walk(b"", b"", bytes.fromhex(tree))
        return sorted(entries), said

    def _tree(self, id_: bytes) -> bytes:
        return bytes(self.repo.pygit2.odb.read(id_.hex())[1])

    def _pack(self, objects: list[tuple[int, bytes]], folder: Path) -> None:
        """One pack of these objects; those of the trees are compressed once a process."""
        pack, index = joined({_id(kind, data): self._entry(kind, data) for kind, data in objects})
        name = f"pack-{pack[-ID_BYTES:].hex()}"
        (folder / f"{name}.pack").write_bytes(pack)
        (folder / f"{name}.idx").write_bytes(index)

    def _entry(self, kind: int, data: bytes) -> bytes:
        if kind != _TREE:
            return entry(kind, data)
        if data not in self._packed:
            self._packed[data] = entry(kind, data)
        return self._packed[data]


def _parsed(tree: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Mode, name and id of each entry."""
    at, end = 0, len(tree)
    while at < end:
        space = tree.index(b" ", at)
        null = tree.index(b"\0", space)
        yield tree[at:space], tree[space + 1 : null], tree[null + 1 : null + 21]
        at = null + 21


def _id(kind: int, data: bytes) -> bytes:
    return hashlib.sha1(b"%s %d\0" % (_NAMES[kind].encode(), len(data)) + data).digest()


def _write_index(path: Path, entries: list[Entry], cached: bytes, folder: Path) -> None:
    """An index that says of the files in `folder` that they are as in the tree."""
    root = os.fsencode(folder) + b"/"
    parts = [struct.pack(">4sII", b"DIRC", 2, len(entries))]
    for name, mode, id_ in entries:
        seconds, nanoseconds, size = _stat(root + name)
        kind = mode if mode in (0o120000, 0o160000) else 0o100755 if mode & 0o100 else 0o100644
        data = struct.pack(
            ">10I20sH",
            *(seconds, nanoseconds, seconds, nanoseconds, 0, 0, kind, 0, 0, size),
            id_,
            min(len(name), _LARGEST_NAME),
        )
        parts += [data, name, b"\0" * (8 - (62 + len(name)) % 8)]
    parts += [b"TREE", struct.pack(">I", len(cached)), cached]
    body = b"".join(parts)
    path.write_bytes(body + hashlib.sha1(body).digest())
    # Later than any file: else git would read each once more, to be sure.
    now = path.stat().st_mtime + _INDEX_AHEAD
    os.utime(path, (now, now))


def _stat(path: bytes) -> tuple[int, int, int]:
    """When a file was written, and its size; zeros, which fit none, for one that is not there."""
    try:
        found = os.lstat(path)
    except OSError:
        return 0, 0, 0
    return (
        found.st_mtime_ns // 1_000_000_000 & 0xFFFFFFFF,
        found.st_mtime_ns % 1_000_000_000,
        found.st_size & 0xFFFFFFFF,
    )
