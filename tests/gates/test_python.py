"""The project's interpreter, and that it tests the export."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from gitagent.gates.python import (
    has_pytest,
    interpreter,
    python_path,
    source_roots,
    with_pytest,
)

# What setuptools writes for an editable install whose packages are not all in one folder.
FINDER = """
import sys
from importlib.machinery import PathFinder
from importlib.util import spec_from_file_location

MAPPING = {{"found": {package!r}}}

class _EditableFinder:
    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if fullname in MAPPING:
            return spec_from_file_location(fullname, MAPPING[fullname] + "/__init__.py")

def install():
    sys.meta_path.append(_EditableFinder)
"""


def fake_environment(folder: Path) -> str:
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").touch()
    python = folder / "bin" / "python"
    python.symlink_to(sys.executable)
    return str(python)


@pytest.mark.parametrize("name", [".venv", "venv", "env"])
def test_the_checkouts_environment_comes_first(tmp_path: Path, name: str) -> None:
    """Where there is one; its link is not resolved."""
    python = fake_environment(tmp_path / name)
    fake_environment(tmp_path / "active")
    assert interpreter(tmp_path, {"VIRTUAL_ENV": str(tmp_path / "active")}) == python


def test_a_folder_that_is_no_environment_is_passed_over(tmp_path: Path) -> None:
    """A package may be called `env`."""
    (tmp_path / "env" / "bin").mkdir(parents=True)
    (tmp_path / "env" / "bin" / "python").symlink_to(sys.executable)
    active = fake_environment(tmp_path / "active")
    assert interpreter(tmp_path, {"VIRTUAL_ENV": str(tmp_path / "active")}) == active


def test_path_is_asked_then_ourselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative entry of PATH is not: it would be a program of the repository."""
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python3"
    python.symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    assert interpreter(None, {"PATH": f"bin:{tmp_path}/bin"}) == str(python)
    assert interpreter(None, {"PATH": "bin:."}) == sys.executable


def test_pyenvs_stand_in_gives_way_to_the_interpreter_behind_it(tmp_path: Path) -> None:
    """By the version that is asked for; never outside of pyenv's own folder."""
    for version in ("3.11.7", "3.12.1"):
        place = tmp_path / "pyenv" / "versions" / version / "bin"
        place.mkdir(parents=True)
        (place / "python3").symlink_to(sys.executable)
    (tmp_path / "pyenv" / "shims").mkdir()
    shim = tmp_path / "pyenv" / "shims" / "python3"
    shim.write_text("#!/bin/sh\n")
    shim.chmod(0o755)
    (tmp_path / "pyenv" / "version").write_text("3.11.7\n")
    environ = {"PATH": str(shim.parent)}

    def version(**more: str) -> str:
        return Path(interpreter(tmp_path, environ | more)).parent.parent.name

    assert version() == "3.11.7"
    assert version(PYENV_VERSION="3.12.1") == "3.12.1"
    (tmp_path / ".python-version").write_text("3.12.1\n")
    assert version() == "3.12.1"
    (tmp_path / ".python-version").write_text("../../elsewhere\n")
    assert version() == "3.11.7"
    (tmp_path / "pyenv" / "version").unlink()
    assert interpreter(tmp_path, environ) == str(shim)


def test_pytest_comes_from_an_interpreter_that_has_it(tmp_path: Path) -> None:
    """The project's own, else ours."""
    bare = fake_environment(tmp_path / "bare")
    full = fake_environment(tmp_path / "full")
    place = tmp_path / "full" / "lib" / "python3.11" / "site-packages" / "pytest"
    place.mkdir(parents=True)
    (place / "__init__.py").touch()
    assert with_pytest(full) == full
    assert with_pytest(bare) == sys.executable


def test_an_environments_python_is_not_started_to_ask(tmp_path: Path) -> None:
    """It may have come with the repository."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "pyvenv.cfg").touch()
    canary = tmp_path / "canary"
    python = tmp_path / "bin" / "python"
    python.write_text(f"#!/bin/sh\ntouch {canary}\n")
    python.chmod(0o755)
    assert not has_pytest(str(python))
    assert not canary.exists()


def test_source_roots_are_src_folders_only() -> None:
    """A package called src is none, nor one below tests."""
    paths = ["src/a/__init__.py", "libs/b/src/b/x.py", "tests/src/c.py", "setup.py", "src/d.c"]
    assert source_roots(paths) == ["src", "libs/b/src"]
    assert source_roots(["src/__init__.py", "src/a.py"]) == []
    assert source_roots(["a/b.py"]) == []


@pytest.fixture(scope="module")
def editable(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A real environment with a path entry, a finder and both packages in the user's checkout."""
    folder = tmp_path_factory.mktemp("editable")
    for package in ("src/pathed", "src/found"):
        (folder / "checkout" / package).mkdir(parents=True)
        (folder / "checkout" / package / "__init__.py").write_text("where = 'checkout'\n")
    venv.create(folder / ".venv", with_pip=False)
    (site,) = (folder / ".venv").glob("lib/python3*/site-packages")
    (site / "__editable__.pathed.pth").write_text(f"{folder}/checkout/src\n")
    finder = FINDER.format(package=f"{folder}/checkout/src/found")
    (site / "__editable___found_finder.py").write_text(finder)
    (site / "__editable__.found.pth").write_text(
        "import __editable___found_finder; __editable___found_finder.install()\n"
    )
    return str(folder / ".venv" / "bin" / "python"), folder / "checkout"


@pytest.mark.parametrize("layout", ["src", "."])
def test_the_export_wins_over_an_editable_install(
    tmp_path: Path, editable: tuple[str, Path], layout: str
) -> None:
    """Both kinds of editable install point at the user's checkout; neither is what is tested."""
    python, _ = editable
    paths = [
        f"{layout}/{package}/__init__.py".removeprefix("./") for package in ("pathed", "found")
    ]
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("where = 'export'\n")

    def imported(env: dict[str, str]) -> str:
        argv = [python, "-c", "import pathed, found; print(pathed.where, found.where)"]
        cwd = tmp_path.parent
        return subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True).stdout

    bare = {"PATH": os.environ["PATH"]}
    roots = python_path(source_roots(paths))
    named = {name: value.replace("{tree}", str(tmp_path)) for name, value in roots}
    assert imported(bare) == "checkout checkout\n"
    assert imported(bare | named) == "export export\n"
