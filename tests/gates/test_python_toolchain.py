"""Trees with several Python packages, and what their tests need from outside of git."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from trees import project, write

from gitagent.domain.verdict import GateCommand, TestOutcome
from gitagent.gates.python_packages import python_packages
from gitagent.gates.results import read_results, told
from gitagent.gates.toolchains import python
from gitagent.sandbox.plain import PlainSandbox

UNITTEST = "import unittest, app\nclass T(unittest.TestCase):\n    def test_a(self): pass\n"
PYTEST = "import {0}\n\ndef test_it():\n    assert {0}.name == '{0}'\n"


def named(name: str, *needs: str, more: str = "") -> str:
    return f'[project]\nname = "{name}"\ndependencies = {list(needs)}\n{more}'


def found(files: dict[str, str], checkout: Path | None = None) -> list[GateCommand]:
    return list(python.commands(project(files, checkout)))


def run(command: GateCommand, folder: Path, results: Path) -> dict[str, TestOutcome]:
    results.mkdir()
    seen = told(command, results=str(results), tree=str(folder))
    done = PlainSandbox(dict(os.environ)).run(
        seen.argv, folder, timeout=60, env=dict(seen.env), inside=seen.folder
    )
    return read_results(command, done, results, str(folder)) or {done.output: "failed"}


MONOREPO = {
    "pyproject.toml": "[tool.ruff]\n",
    "tools/check.py": "x = 1\n",
    "libs/core/pyproject.toml": named("my-core"),
    "libs/core/src/my_core/__init__.py": "name = 'my_core'\n",
    "libs/core/tests/test_it.py": PYTEST.format("my_core"),
    "libs/web/pyproject.toml": named("my-web", "My_Core>=1", "left; python_version < '3'"),
    "libs/web/my_web.py": "import my_core\nname = 'my_web'\n",
    "libs/web/tests/test_it.py": PYTEST.format("my_web"),
    "libs/app/setup.py": "setup(name='app', install_requires=['my-web'])\n",
    "libs/app/app.py": "import my_web\nname = 'app'\n",
    "libs/app/test_app.py": UNITTEST,
    "libs/web/tests/data/pyproject.toml": named("no-package"),
}


def test_each_package_is_tested_in_its_folder() -> None:
    """By its own runner, with those of the tree that it uses; what is compiled is all of it."""
    commands = found(MONOREPO)
    assert [(c.name, c.folder, c.package, c.uses) for c in commands] == [
        ("compile", "", "", ()),
        ("unittest libs/app", "libs/app", "libs/app", ("libs/web",)),
        ("pytest libs/core", "libs/core", "libs/core", ()),
        ("pytest libs/web", "libs/web", "libs/web", ("libs/core",)),
    ]


def test_packages_import_each_other_out_of_the_tree(tmp_path: Path) -> None:
    """Also those that only another one of them needs; ids of two packages differ."""
    tree = write(tmp_path / "tree", MONOREPO)
    ran = [run(command, tree, tmp_path / str(n)) for n, command in enumerate(found(MONOREPO)[1:])]
    assert ran == [
        {"libs/app::test_app.T.test_a": "passed"},
        {"libs/core/tests/test_it.py::test_it": "passed"},
        {"libs/web/tests/test_it.py::test_it": "passed"},
    ]


def test_roots_settings_stand_for_packages_without_any() -> None:
    """Who configures pytest at the root runs it there; a package with settings is left to it."""
    files = {
        **MONOREPO,
        "pyproject.toml": "[tool.pytest.ini_options]\n",
        "libs/web/pytest.ini": "[pytest]\n",
    }
    commands = found(files)
    assert [command.name for command in commands] == ["compile", "pytest", "pytest libs/web"]
    assert "--ignore=libs/web" in commands[1].argv
    assert commands[1].uses == ("libs/web",)


POETRY = '[tool.poetry]\nname = "b"\n[tool.poetry.dependencies]\n'
CFG = "[metadata]\nname = b\n[options]\n"


@pytest.mark.parametrize(
    ("manifests", "uses"),
    [
        ({"b/pyproject.toml": f'{POETRY}x = {{path = "../a"}}\n'}, ("a",)),
        ({"b/pyproject.toml": named("b", "A.Name[extra] >= 2")}, ("a",)),
        ({"b/pyproject.toml": named("b", more='[dependency-groups]\ntest = ["a-name"]\n')}, ("a",)),
        ({"b/setup.cfg": f"{CFG}install_requires =\n  a_name>1\n"}, ("a",)),
        ({"b/pyproject.toml": named("b"), "b/requirements-dev.txt": "-e ../a\n"}, ("a",)),
        ({"b/pyproject.toml": named("b", "a-name-not")}, ()),
        ({"b/pyproject.toml": "[project]\nname = 3\ndependencies = 4\n"}, ()),
    ],
)
def test_who_uses_whom(manifests: dict[str, str], uses: tuple[str, ...]) -> None:
    """By name in any spelling, or by path."""
    files = {"a/pyproject.toml": named("a_name"), **manifests}
    packages = {package.folder: package for package in python_packages(project(files))}
    assert packages["b"].uses == uses


def test_tox_says_which_tests_and_how(tmp_path: Path) -> None:
    """What pytest itself has of its options; a plugin that may not be here cannot end the run."""
    files = {
        "app.py": "",
        "unit/test_a.py": "def test_a(): pass\n",
        "slow/test_b.py": "def test_b(): pass\n",
        "tox.ini": (
            "[testenv]\nsetenv = MODE = x\ncommands =\n"
            " pytest --cov=app -n 4 -W error -o junit_family=xunit2 \\\n"
            "   --basetemp={envtmpdir} {posargs:unit}\n"
        ),
    }
    command = found(files)[1]
    assert command.argv[-3:] == ("-W", "error", "unit")
    assert not {"--cov=app", "-n", "4"} & set(command.argv)
    assert ("MODE", "x") in command.env
    assert command.narrow == command.argv[:-1]
    tree = write(tmp_path / "tree", files)
    assert run(command, tree, tmp_path / "r") == {"unit/test_a.py::test_a": "passed"}


HATCH = '[tool.hatch.build.hooks.vcs]\nversion-file = "src/x/_v.py"\n'


def test_what_an_installation_wrote_between_the_sources_is_brought(tmp_path: Path) -> None:
    """A version out of git's tags and compiled modules; nothing that git has, no links."""
    files = {
        "pyproject.toml": named("x", more=HATCH),
        "src/x/__init__.py": "from x._v import v\n",
        "src/x/fast.cpython-311-x86_64-linux-gnu.so": "",
        "tests/test_x.py": "def test_x(): import x\n",
    }
    missing = python.missing(project(files, tmp_path))
    assert any("src/x/_v.py is written when the project is installed" in each for each in missing)
    checkout = write(
        tmp_path, {**files, "src/x/_v.py": "v = 1\n", "src/x/a.abi3.so": "", "b.so": ""}
    )
    (checkout / "src/x/c.abi3.so").symlink_to("/etc/passwd")
    brought = [bring for bring in found(files, checkout)[1].brings if bring.at]
    assert [(bring.at, bring.how) for bring in brought] == [
        ("src/x/_v.py", "read"),
        ("src/x/a.abi3.so", "read"),
    ]
    assert not any("is written" in each for each in python.missing(project(files, checkout)))


def environment(folder: Path, *names: str) -> Path:
    """An environment that holds these distributions, by what it says of itself."""
    for name in ("pytest", *names):
        place = folder / ".venv/lib/python3.11/site-packages"
        write(place, {f"{name}-1.0.dist-info/METADATA": "", f"{name}/__init__.py": ""})
    write(folder, {".venv/pyvenv.cfg": "home = /usr/bin\nversion = 3.11.4\n"})
    (folder / ".venv/bin").mkdir()
    (folder / ".venv/bin/python").symlink_to(sys.executable)
    return folder


ADDOPTS = "-ra --cov=x -n auto -p pytest_own.plugin -p no:x"


def test_what_is_not_installed_is_said(tmp_path: Path) -> None:
    """Dependencies, and the plugins that pytest's own settings ask for; not what is there."""
    checkout = environment(tmp_path, "left_pad")
    files = {
        "pyproject.toml": named(
            "x",
            *("left-pad", "Right.Pad>=2", "old; python_version < '3'"),
            more=f'[tool.pytest.ini_options]\naddopts = "{ADDOPTS}"\n',
        ),
        "test_x.py": "def test_x(): pass\n",
    }
    missing = python.missing(project(files, checkout))
    assert [each for each in missing if "right-pad is not installed" in each]
    assert [each for each in missing if "pytest-cov" in each]
    assert [each for each in missing if "pytest-xdist" in each]
    assert [each for each in missing if "pytest-own" in each]
    assert not [each for each in missing if "left" in each or "old" in each]
    assert (
        found(files, checkout)[1].tool
        == f"pytest 1.0, Python 3.11.4 of {checkout}/.venv/bin/python"
    )


def test_a_runner_that_is_not_known_is_said() -> None:
    """With the file that names it."""
    files = {"a.py": "", "tox.ini": "[testenv]\ncommands = make check\n"}
    assert [command.name for command in found(files)] == ["compile"]
    assert "tox.ini: `make check` is no known runner" in "".join(python.missing(project(files)))


def test_nothing_of_the_repository_is_run_to_find_out(tmp_path: Path) -> None:
    """Neither its setup.py and noxfile.py nor the Python of its environment."""
    canary = tmp_path / "canary"
    evil = f"open({str(canary)!r}, 'w')\n"
    files = {"setup.py": evil, "noxfile.py": evil, "conftest.py": evil, "test_a.py": evil}
    checkout = write(tmp_path / "checkout", {**files, ".venv/pyvenv.cfg": ""})
    write(checkout, {".venv/bin/python": f"#!/bin/sh\ntouch {canary}\n"})
    (checkout / ".venv/bin/python").chmod(0o755)
    seen = project(files, checkout)
    python.commands(seen)
    python.missing(seen)
    assert not canary.exists()
