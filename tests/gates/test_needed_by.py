"""What an interpreter needs beside the tree; and what an environment can make us bring: no more."""

from __future__ import annotations

import sys
import venv
from pathlib import Path

import pytest

from gitagent.gates.python import needed_by


def paths(python: Path | str) -> list[str]:
    return [bring.path for bring in needed_by(str(python))]


def installed(prefix: Path, version: str = "3.12") -> Path:
    """What looks like an interpreter's own folder."""
    (prefix / "bin").mkdir(parents=True)
    library = prefix / "lib" / f"python{version}"
    library.mkdir(parents=True)
    (library / "os.py").touch()
    python = prefix / "bin" / f"python{version}"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    return python


def environment(folder: Path, target: Path | str, home: Path | str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = {home}\nversion = 3.12\n")
    python = folder / "bin" / "python"
    python.symlink_to(target)
    return python


def test_a_real_environment_and_its_base(tmp_path: Path) -> None:
    """Both folders, to be read."""
    venv.create(tmp_path / ".venv", with_pip=False)
    found = needed_by(str(tmp_path / ".venv" / "bin" / "python"))
    base = str(Path(sys.base_prefix))
    named = [str(tmp_path / ".venv"), *([] if base.startswith("/usr") else [base])]
    assert [bring.path for bring in found] == named
    assert {bring.how for bring in found} == {"read"}


def test_the_systems_own_needs_nothing() -> None:
    """Every command sees it."""
    assert paths("/usr/bin/python3") == []


def test_links_on_the_way_are_brought(tmp_path: Path) -> None:
    """uv's folders of a minor version are links to those of a patch version."""
    python = installed(tmp_path / "uv" / "cpython-3.12.4")
    (tmp_path / "uv" / "cpython-3.12").symlink_to("cpython-3.12.4")
    called = environment(
        tmp_path / ".venv",
        tmp_path / "uv" / "cpython-3.12" / "bin" / python.name,
        tmp_path / "uv" / "cpython-3.12" / "bin",
    )
    assert paths(called) == [
        str(tmp_path / ".venv"),
        str(tmp_path / "uv" / "cpython-3.12.4"),
        str(tmp_path / "uv" / "cpython-3.12"),
    ]


def test_a_link_by_itself_is_one(tmp_path: Path, home: Path) -> None:
    """`~/.local/bin/python3.12` brings neither `~/.local` nor the home."""
    python = installed(tmp_path / "python")
    called = home / ".local" / "bin" / "python3.12"
    called.parent.mkdir(parents=True)
    called.symlink_to(python)
    assert paths(called) == [str(called), str(tmp_path / "python")]


def test_one_that_is_installed_right_into_the_home(home: Path) -> None:
    """`--prefix=$HOME`: the program and its library, and nothing else of the home."""
    python = installed(home)
    assert paths(python) == [str(python), str(home / "lib" / "python3.12")]


@pytest.mark.parametrize("kind", ["home", "link"])
def test_an_environment_that_came_with_the_repository_opens_nothing(
    tmp_path: Path, home: Path, kind: str
) -> None:
    """Its file or its link may name any folder: one without an interpreter is not brought."""
    secrets = home / ".ssh"
    secrets.mkdir()
    (secrets / "python3").write_text("FAKEKEY")
    (home / "bin").mkdir()
    target = secrets / "python3" if kind == "link" else "/nowhere/python3"
    called = environment(tmp_path / ".venv", target, secrets)
    assert all(not path.startswith(str(home)) for path in paths(called))


def test_scripts_that_ask_pyenv_bring_pyenv(tmp_path: Path) -> None:
    """They look into its folder for the version that is meant."""
    root = tmp_path / ".pyenv"
    for name in ("shims", "libexec"):
        (root / name).mkdir(parents=True)
    (root / "libexec" / "pyenv").touch()
    shim = root / "shims" / "python3"
    shim.write_text("#!/bin/sh\n")
    shim.chmod(0o755)
    assert paths(shim) == [str(root)]
