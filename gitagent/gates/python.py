"""Which Python runs the tests, and what it must be told so that it tests the export.

An editable install in the user's environment points at the user's checkout: a `.pth` file by a
path, a setuptools finder by a hook. Both come after PYTHONPATH, so the export is named there.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from gitagent.domain.verdict import Bring

_IN_CHECKOUT = (".venv", "venv", "env")
_IN_ENVIRONMENT = ("VIRTUAL_ENV", "CONDA_PREFIX")
_DEEPEST_SOURCE = 3
_NO_SOURCE = {"tests", "test", "testing", "docs", "doc", "examples", "vendor", "node_modules"}
_FINDS_PYTEST = "import importlib.util, sys; sys.exit(importlib.util.find_spec('pytest') is None)"
_SECONDS = 20.0
_MOST_LINKS = 8
# Every command sees these.
_EVERYWHERE = ("/usr/", "/bin/", "/lib")
_VERSION = re.compile(r"[\w.-]*[\w-]")


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
    found = shutil.which("python3", path=os.pathsep.join(path)) or sys.executable
    return _behind(found, checkout, environ)


def is_stand_in(python: str) -> bool:
    """Whether a version manager's script stands there, which looks for the interpreter itself."""
    try:
        with Path(python).open("rb") as file:
            return file.read(2) == b"#!" and python != sys.executable
    except OSError:
        return False


def _behind(python: str, checkout: Path | None, environ: Mapping[str, str]) -> str:
    """The interpreter that pyenv would start; the path itself where there is no pyenv."""
    shims = Path(python).parent
    if shims.name != "shims" or not is_stand_in(python):
        return python
    named = [environ.get("PYENV_VERSION", "")]
    for file in (*((checkout / ".python-version",) if checkout else ()), shims.parent / "version"):
        with suppress(OSError, UnicodeDecodeError):
            named += file.read_text().split()[:1]
    for version in filter(_VERSION.fullmatch, named):
        found = shims.parent / "versions" / version / "bin" / "python3"
        if os.access(found, os.X_OK):
            return str(found)
    return python


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


def needed_by(python: str) -> tuple[Bring, ...]:
    """The folders that an interpreter is made of: its environment's, its own, and links to them.

    An environment may have come with the repository, and name any folder as its interpreter's: one
    counts only where an interpreter lies in it, and never a whole home.
    """
    found: dict[str, None] = {}
    for place in _called(Path(python)):
        prefix = place.parent.parent
        if _is_home(prefix):
            found |= dict.fromkeys(map(str, (place, *prefix.glob("lib/python3*"))))
        elif _is_prefix(prefix):
            found[str(prefix)] = None
        elif place.is_symlink():
            found[str(place)] = None
    return tuple(Bring(path) for path in found if not f"{path}/".startswith(_EVERYWHERE))


def _called(python: Path) -> Iterator[Path]:
    """An interpreter and what it stands for: link by link, and the base of its environment."""
    home = _base_folder(python.parent.parent)
    for place in (python, *((home / python.name, home / "python3") if home else ())):
        for _ in range(_MOST_LINKS):
            if not _runs_python(place):
                break
            yield from (place, place.resolve())
            if not place.is_symlink():
                break
            place = Path(os.path.normpath(place.parent / place.readlink()))


def _runs_python(place: Path) -> bool:
    """Whether a path may be an interpreter's, and is no file of another kind by a link."""
    return os.access(place, os.X_OK) and place.is_file() and "py" in place.resolve().name


def _base_folder(prefix: Path) -> Path | None:
    """Where the interpreter is with which an environment was made, as its own file says."""
    home = _settings(prefix).get("home", "")
    return Path(home) if home.startswith("/") else None


def _is_prefix(folder: Path) -> bool:
    if (folder / "pyvenv.cfg").is_file() or any(folder.glob("lib/python3*/os.py")):
        return True
    return (folder / "libexec" / "pyenv").is_file()  # its interpreters are scripts that ask it


def _is_home(folder: Path) -> bool:
    return Path.home().resolve().is_relative_to(folder.resolve())


def installed(python: str) -> Mapping[str, str] | None:
    """The versions of an interpreter's distributions, by normalised name; None where unknown.

    Read from its folders: an environment's own Python is not started to ask it.
    """
    prefix = Path(python).parent.parent
    prefixes = [prefix]
    if (prefix / "pyvenv.cfg").is_file():
        settings = _settings(prefix)
        if settings.get("include-system-site-packages", "").lower() == "true":
            prefixes.append(Path(settings.get("home", "/usr/bin")).parent)
    else:
        prefixes.append(prefix / "local")
    places = [
        place
        for each in prefixes
        for pattern in ("lib/python3*/site-packages", "lib/python3*/dist-packages")
        for place in each.glob(pattern)
    ]
    if not places:
        return None
    found: dict[str, str] = {}
    for place in places:
        for entry in (*place.glob("*.dist-info"), *place.glob("*.egg-info")):
            name, _, version = entry.stem.partition("-")
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version.partition("-")[0])
    return found


def version_of(python: str) -> str:
    """`3.11.2` or `3.11`, as far as its folders say it; empty where they do not."""
    prefix = Path(python).parent.parent
    settings = _settings(prefix)
    said = settings.get("version") or settings.get("version_info", "")
    names = [each.name for each in sorted(prefix.glob("lib/python3.*"))]
    if said or len(names) != 1:
        return ".".join(said.split(".")[:3])
    return names[0].removeprefix("python")


def _settings(prefix: Path) -> dict[str, str]:
    try:
        lines = (prefix / "pyvenv.cfg").read_text("utf-8", "replace").splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines)
    return {name.strip(): value.strip() for name, _, value in pairs}


def python_path(roots: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Variables by which Python takes its modules from these folders of the tree, first to last."""
    folders = dict.fromkeys(posixpath.join("{tree}", root).rstrip("/") for root in (*roots, ""))
    return (("PYTHONPATH", os.pathsep.join(folders)), ("PYTHONDONTWRITEBYTECODE", "1"))


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
