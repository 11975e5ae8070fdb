"""Projects out of a few files, for tests of what is found in them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from gitagent.gates.project import Project
from gitagent.ports import TreeFile


def project(
    files: Mapping[str, str], checkout: Path | None = None, environ: Mapping[str, str] | None = None
) -> Project:
    """A tree of these files; its Python is the one that runs the tests."""
    entries = [TreeFile(path, path, 0o100644, len(text)) for path, text in files.items()]
    found = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return Project.of(entries, lambda blob: files[blob].encode(), checkout, environ or found)


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder
