"""What of a tree a model may look at, and why not at the rest of it."""

from __future__ import annotations

import difflib
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gitagent.domain.code import Definition
from gitagent.edits import paths
from gitagent.edits.hidden import why_hidden
from gitagent.edits.mentions import ending_so
from gitagent.errors import Refused
from gitagent.ports import Index, Repo, TreeFile

LARGEST_READ = 4_000_000
NEAR, LISTED = 3, 80


class Unseen(Exception):
    """Something is not shown; the message is a sentence for the model."""


@dataclass(frozen=True)
class View:
    """A tree through its index, without what is hidden: secrets, what fits an `ignore` pattern,
    and names that cannot be written into a prompt. Nothing outside of the tree is in it."""

    repo: Repo
    index: Index
    tree: str
    ignore: Sequence[str] = ()

    @cached_property
    def files(self) -> Mapping[str, TreeFile]:
        """Every entry that may be named, by path."""
        found = self.repo.files(self.tree)
        return {f.path: f for f in found if not why_hidden(f.path, self.ignore)}

    def path(self, asked: str) -> str:
        """The file that is meant: by its path, or by the end of it where only one ends so.

        Raises Unseen where there is none that may be shown.
        """
        try:
            path = paths.check(asked.rstrip("/"))
        except Refused as error:
            raise Unseen(str(error)) from error
        if paths.secret(path):
            raise Unseen(f"{path} is not shown: what is called so holds secrets.")
        if why_hidden(path, self.ignore):
            raise Unseen(f"{path} is not shown: it is left out by configuration.")
        if path in self.files:
            return path
        ends = ending_so(path, self.files)
        if len(ends) == 1:
            return ends[0]
        near = ends[:NEAR] or difflib.get_close_matches(path, self.files, NEAR)
        raise Unseen(f"There is no file {path}." + (f" Near it: {', '.join(near)}." * bool(near)))

    def text(self, path: str) -> str:
        """What stands in a file of `files`; Unseen where it is no text that can be shown."""
        entry = self.files[path]
        if stat.S_ISLNK(entry.mode):
            raise Unseen(f"{path} is a symbolic link, which is not followed.")
        if entry.size > LARGEST_READ:
            raise Unseen(f"{path} is too large to be shown: {entry.size >> 20} MB.")
        file = self.repo.file(self.tree, path)
        if file is None:
            raise Unseen(f"{path} is no regular file.")
        if b"\0" in file.data:
            raise Unseen(f"{path} is no text.")
        return file.data.decode(errors="replace")

    def folder(self, asked: str) -> list[str] | None:
        """What stands in a folder, folders with a slash; None where there is no such folder."""
        name = asked.strip().removeprefix("./").strip("/")
        prefix = f"{name}/" if name not in ("", ".") else ""
        inside = [path.removeprefix(prefix) for path in self.files if path.startswith(prefix)]
        return sorted({path.partition("/")[0] + "/" * ("/" in path) for path in inside}) or None

    def outline(self, path: str) -> Sequence[Definition]:
        """What a file of `files` defines."""
        return self.index.outline(self.tree, path)
