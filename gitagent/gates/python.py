"""Which Python runs the tests, and what it must be told so that it tests the export.

An editable install in the user's environment points at the user's checkout: a `.pth` file by a
path, a setuptools finder by a hook. Both come after PYTHONPATH, so the export is named there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

_IN_CHECKOUT = (".venv", "venv", "env")
_IN_ENVIRONMENT = ("VIRTUAL_ENV", "CONDA_PREFIX")
_DEEPEST_SOURCE = 3
_NO_SOURCE = {"tests", "test", "testing", "docs", "doc", "examples", "vendor", "node_modules"}
_FINDS_PYTEST = "import importlib.util, sys; sys.exit(importlib.util.find_spec('pytest') is None)"
_SECONDS = 20.0


def interpreter(checkout: Path | None, environ: Mapping[str, str]) -> str:
    """The project's Python: of the checkout's own environment, the caller's, or PATH.

    Links are not resolved: the path by which it is called is how Python finds its environment.
    """
    places = [checkout / name for name in _IN_CHECKOUT] if checkout else []
    places = [place for place in places if (place / "pyvenv.cfg").is_file()]
    places += [Path(environ[name]) for name in _IN_ENVIRONMENT if environ.get(name)]
    for place in places:
        python = place.absolute() / "bin" / "python"
        if os.access(python, os.X_OK):
            return str(python)
    # A relative entry of PATH would find a program of the repository.
    path = [entry for entry in environ.get("PATH", "").split(os.pathsep) if entry.startswith("/")]
    return shutil.which("python3", path=os.pathsep.join(path)) or sys.executable


def with_pytest(python: str) -> str | None:
    """The interpreter itself where it has pytest, else ours where that has it."""
    return next((each for each in (python, sys.executable) if has_pytest(each)), None)


def has_pytest(python: str) -> bool:
    """Whether an interpreter can import pytest.

    Its folders are looked at first. An environment's Python is not started to ask it: the
    environment may have come with the repository, and nothing of that runs outside the sandbox.
    """
    prefix = Path(python).parent.parent
    if any(prefix.glob("lib/python3*/*-packages/pytest/__init__.py")):
        return True
    if (prefix / "pyvenv.cfg").is_file() and python != sys.executable:
        return False
    try:
        asked = subprocess.run(
            [python, "-I", "-c", _FINDS_PYTEST],
            cwd="/",
            env={"PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def python_environment(folder: Path, paths: Iterable[str]) -> dict[str, str]:
    """Variables for a run in `folder`, which holds a tree of these paths."""
    roots = [str(folder / root) for root in source_roots(paths)]
    return {
        "PYTHONPATH": os.pathsep.join([*roots, str(folder)]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def source_roots(paths: Iterable[str]) -> list[str]:
    """The `src` folders that hold Python modules and are no package themselves, highest first."""
    python = {path for path in paths if path.endswith(".py")}
    roots = {root for path in python if (root := _source_root(PurePosixPath(path)))}
    return sorted(
        (root for root in roots if f"{root}/__init__.py" not in python),
        key=lambda root: (root.count("/"), root),
    )


def _source_root(path: PurePosixPath) -> str | None:
    folders = path.parts[:-1]
    if "src" not in folders[:_DEEPEST_SOURCE]:
        return None
    root = folders[: folders.index("src") + 1]
    return None if _NO_SOURCE.intersection(root) else "/".join(root)
