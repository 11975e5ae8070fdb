"""What a toolchain looks at to find out how a project is checked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gitagent.ports import TreeFile

LARGEST = 1_000_000
REGULAR = (0o100644, 0o100755, 0o100664)


@dataclass(frozen=True)
class Project:
    """A tree, and where on this machine its tools and dependencies are.

    `files` are the tree's regular files by path, `read` gives a blob's bytes. The folder of a user
    who works on it, `checkout`, may hold dependencies that are not in git; the tree may come from
    another commit.
    """

    files: Mapping[str, TreeFile]
    read: Callable[[str], bytes]
    checkout: Path | None
    environ: Mapping[str, str]

    @classmethod
    def of(
        cls,
        files: Sequence[TreeFile],
        read: Callable[[str], bytes],
        checkout: Path | None,
        environ: Mapping[str, str],
    ) -> Project:
        regular = {file.path: file for file in files if file.mode in REGULAR}
        return cls(regular, read, checkout, environ)

    def below(self, folder: str, without: Sequence[str] = ()) -> Project:
        """The part of the tree in `folder`, its paths seen from there, `without` these folders."""
        beginning = f"{folder}/" if folder else ""
        others = tuple(f"{other}/" for other in without)
        files = {
            path[len(beginning) :]: file
            for path, file in self.files.items()
            if path.startswith(beginning) and not path.startswith(others)
        }
        return replace(self, files=files)

    def text(self, path: str) -> str:
        """A file's text; empty where there is none, or it is larger than any that we look into."""
        file = self.files.get(path)
        if file is None or file.size > LARGEST:
            return ""
        return self.read(file.blob).decode("utf-8", "replace")

    def program(self, name: str) -> str | None:
        """The path of a program; never one of the repository's own, as by a relative PATH."""
        entries = self.environ.get("PATH", os.defpath).split(os.pathsep)
        return shutil.which(name, path=os.pathsep.join(e for e in entries if e.startswith("/")))
