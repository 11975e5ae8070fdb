"""Writes a tree into a folder, byte for byte, where `git checkout` would run filters and hooks.

The tree may be hostile: nothing is written outside the folder, no link leads out of it, and no
`.git` appears in it that a git program run by a test would obey.
"""

from __future__ import annotations

import errno
import os
import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from gitagent.errors import Unwritable
from gitagent.ports import Repo, TreeFile

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
}

Skipped = tuple[str, str]


def export(repo: Repo, tree: str, folder: Path) -> tuple[Skipped, ...]:
    """Write a tree's entries into an empty folder; returns what was left out as (path, reason).

    Raises Unwritable where the folder cannot be written.
    """
    try:
        root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            writer = _Writer(repo, root)
            writer.write([entry for entry in repo.files(tree) if writer.admits(entry)])
        finally:
            os.close(root)
    except OSError as error:
        raise Unwritable(f"The tree cannot be written to {folder}: {error.strerror}.") from error
    return tuple(writer.skipped)


class _Writer:
    """Writes below `root`, an open folder, so that every path is looked up from there."""

    def __init__(self, repo: Repo, root: int) -> None:
        self._root = root
        self.skipped: list[Skipped] = []
        self._repo = repo

    def admits(self, entry: TreeFile) -> bool:
        if not _stays_inside(entry.path):
            self._skip(entry.path, "its path leaves the folder or names a git folder")
        elif entry.size > LARGEST:
            self._skip(entry.path, f"{entry.size} bytes, more than {LARGEST}")
        else:
            return True
        return False

    def write(self, entries: Sequence[TreeFile]) -> None:
        for path in _folders_of(entries):
            self._try(path, self._make_folder, path)
        # Links come last, so that no file can be written through one.
        for entry in sorted(entries, key=lambda entry: entry.mode == _SYMLINK):
            if entry.mode == _SYMLINK:
                self._try(entry.path, self._link, entry)
            elif entry.mode != _GITLINK:
                self._try(entry.path, self._file, entry)

    def _try(self, path: str, action: Callable[[Any], None], subject: Any) -> None:
        try:
            action(subject)
        except OSError as error:
            if error.errno not in _SKIPPABLE:
                raise
            self._skip(path, error.strerror or str(error))
        except UnicodeEncodeError:
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
