"""Writes a tree into a folder, byte for byte, where `git checkout` would run filters and hooks.

The tree may be hostile: nothing is written outside the folder, no link leads out of it, and no
`.git` appears in it that a git program run by a test would obey.
"""

from __future__ import annotations

import errno
import os
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from gitagent.errors import Unwritable
from gitagent.ports import Repo, TreeFile
from gitagent.scratch import remove

LARGEST = 50_000_000
_SYMLINK = 0o120000
_GITLINK = 0o160000
_EXECUTABLE = 0o100755
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# What HFS+ leaves out of a name when it looks for it, and what NTFS drops at its end.
_IGNORABLE = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]|[ .]+$|::?\\$.*$")
_GIT_FOLDERS = (".git", "git~1")
# A hostile tree, or a name that this file system cannot hold; all else is trouble of our own.
_SKIPPABLE = {
    errno.EEXIST,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ENAMETOOLONG,
    errno.EILSEQ,
    errno.ENOTEMPTY,
}

Skipped = tuple[str, str]


def export(repo: Repo, tree: str, folder: Path) -> tuple[Skipped, ...]:
    """Write a tree's entries into an empty folder; returns what was left out as (path, reason).

    Raises Unwritable where the folder cannot be written.
    """
    return Exported(repo, folder).hold(tree)


class Exported:
    """A folder that holds one tree after the other, of which only what differs is written.

    Nobody else may write there. What it holds is what a fresh export would: where a file system
    had its say in that, as by names that it takes for one, everything is written anew.
    """

    def __init__(self, repo: Repo, folder: Path) -> None:
        self._repo = repo
        self._folder = folder
        self._held: dict[str, TreeFile] = {}
        self._skipped: dict[str, str] = {}
        self._clean = True

    def hold(self, tree: str) -> tuple[Skipped, ...]:
        """Make the folder hold this tree; returns and raises as `export` does."""
        try:
            root = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                return self._put(root, self._repo.files(tree))
            finally:
                os.close(root)
        except OSError as error:
            raise Unwritable(
                f"The tree cannot be written to {self._folder}: {error.strerror}."
            ) from error

    def _put(self, root: int, entries: Sequence[TreeFile]) -> tuple[Skipped, ...]:
        wanted = {entry.path: entry for entry in entries}
        sound = len(wanted) == len(entries)
        clean, self._clean = self._clean, False  # while it is half of the one and of the other
        if clean and sound and self._held:
            skipped = self._changed(root, wanted)
            if skipped is not None:
                self._held, self._skipped, self._clean = wanted, skipped, True
                return tuple(skipped.items())
        self._empty(root)
        writer = _Writer(self._repo, root)
        writer.write([entry for entry in entries if writer.admits(entry)])
        self._held, self._skipped = wanted, dict(writer.skipped)
        self._clean = sound and not writer.troubled
        return tuple(writer.skipped)

    def _changed(self, root: int, wanted: dict[str, TreeFile]) -> dict[str, str] | None:
        """Take away what is gone or another one, then write what is new; returns what is left out.

        None where the file system did not take something.
        """
        writer, held = _Writer(self._repo, root), self._held
        old = [entry for path, entry in held.items() if _differs(entry, wanted.get(path))]
        new = [entry for path, entry in wanted.items() if _differs(entry, held.get(path))]
        writer.remove([entry for entry in old if entry.path not in self._skipped])
        there = self._folded(writer, [*old, *new], wanted)
        writer.write([entry for entry in new if writer.admits(entry)], there=there)
        gone = {entry.path for entry in old}
        kept = {path: why for path, why in self._skipped.items() if path not in gone}
        return None if writer.troubled else kept | dict(writer.skipped)

    def _folded(
        self, writer: _Writer, changed: Sequence[TreeFile], wanted: dict[str, TreeFile]
    ) -> Collection[str]:
        """Remove folders that are needed no more; returns those that are there."""
        held = self._held
        if all(e.path in held and e.path in wanted and e.mode != _GITLINK for e in changed):
            return _folders_of(changed)
        before = set(_folders_of(filter(_is_admitted, held.values())))
        writer.fold(before.difference(_folders_of(filter(_is_admitted, wanted.values()))))
        return before

    def _empty(self, root: int) -> None:
        for name in os.listdir(root):
            path = self._folder / name
            if path.is_dir() and not path.is_symlink():
                remove(path)
            else:
                path.unlink()


def _differs(entry: TreeFile, other: TreeFile | None) -> bool:
    return other is None or (entry.mode, entry.blob) != (other.mode, other.blob)


def _is_link(entry: TreeFile) -> bool:
    return entry.mode == _SYMLINK


def _is_admitted(entry: TreeFile) -> bool:
    return not _objection(entry)


def _objection(entry: TreeFile) -> str:
    """Why an entry is written nowhere; empty where it may be."""
    if not _stays_inside(entry.path):
        return "its path leaves the folder or names a git folder"
    return f"{entry.size} bytes, more than {LARGEST}" if entry.size > LARGEST else ""


class _Writer:
    """Writes below `root`, an open folder, so that every path is looked up from there.

    `troubled` says that it was the file system which did not take something.
    """

    def __init__(self, repo: Repo, root: int) -> None:
        self._root = root
        self.skipped: list[Skipped] = []
        self.troubled = False
        self._repo = repo

    def admits(self, entry: TreeFile) -> bool:
        objection = _objection(entry)
        if objection:
            self._skip(entry.path, objection)
        return not objection

    def write(self, entries: Sequence[TreeFile], there: Collection[str] = ()) -> None:
        """Write entries, and the folders above them that are not `there`."""
        for path in _folders_of(entries):
            if path not in there:
                self._try(path, self._make_folder, path)
        # Links come last, so that no file can be written through one.
        for entry in sorted(entries, key=_is_link):
            if _is_link(entry):
                self._try(entry.path, self._link, entry)
            elif entry.mode != _GITLINK:
                self._try(entry.path, self._file, entry)

    def remove(self, entries: Iterable[TreeFile]) -> None:
        for entry in entries:
            if entry.mode != _GITLINK:
                self._try(entry.path, self._unlink, entry.path)

    def fold(self, folders: Collection[str]) -> None:
        """Remove folders that are empty once those below them are gone."""
        for path in sorted(folders, reverse=True):
            self._try(path, self._remove_folder, path)

    def _unlink(self, path: str) -> None:
        os.unlink(path, dir_fd=self._root)

    def _remove_folder(self, path: str) -> None:
        os.rmdir(path, dir_fd=self._root)

    def _try(self, path: str, action: Callable[[Any], None], subject: Any) -> None:
        try:
            action(subject)
        except OSError as error:
            if error.errno not in _SKIPPABLE:
                raise
            self.troubled = True
            self._skip(path, error.strerror or str(error))
        except UnicodeEncodeError:
            self.troubled = True
            self._skip(path, "its name cannot be written here")

    def _make_folder(self, path: str) -> None:
        os.mkdir(path, 0o755, dir_fd=self._root)

    def _file(self, entry: TreeFile) -> None:
        data = self._repo.read(entry.blob)
        mode = 0o755 if entry.mode == _EXECUTABLE else 0o644
        descriptor = os.open(entry.path, _NEW_FILE, mode, dir_fd=self._root)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            os.fchmod(descriptor, mode)  # the user's umask is no part of the tree
            while data:
                data = data[file.write(data) :]

    def _link(self, entry: TreeFile) -> None:
        target = os.fsdecode(self._repo.read(entry.blob))
        if not _leads_inside(entry.path, target):
            self._skip(entry.path, "a link that leads out of the tree")
            return
        os.symlink(target, entry.path, dir_fd=self._root)

    def _skip(self, path: str, reason: str) -> None:
        self.skipped.append((path, reason))


def _folders_of(entries: Iterable[TreeFile]) -> list[str]:
    """All folders, parents first; a submodule is an empty one."""
    folders: set[str] = set()
    for entry in entries:
        path = entry.path if entry.mode == _GITLINK else posixpath.dirname(entry.path)
        while path and path not in folders:
            folders.add(path)
            path = posixpath.dirname(path)
    return sorted(folders)


def _stays_inside(path: str) -> bool:
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        return False
    return not any(_IGNORABLE.sub("", part).casefold() in _GIT_FOLDERS for part in parts)


def _leads_inside(path: str, target: str) -> bool:
    """Whether a link stays in the tree, whatever other links it leads through.

    `a/../b` is refused even where it looks harmless: if `a` is a link, its parent is elsewhere.
    """
    if target.startswith("/") or "\0" in target or not target:
        return False
    parts = [part for part in target.split("/") if part not in ("", ".")]
    ups = next((n for n, part in enumerate(parts) if part != ".."), len(parts))
    return ".." not in parts[ups:] and ups <= path.count("/")
