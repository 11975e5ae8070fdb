"""Which commands a tree's own files ask for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gitagent.domain.verdict import GateCommand
from gitagent.gates.detect import configured, detect
from gitagent.gates.project import Project
from gitagent.ports import TreeFile

UNITTEST = "import unittest\n\nclass TestA(unittest.TestCase):\n    def test_a(self): pass\n"


def found(files: dict[str, str], environment: str = sys.prefix) -> list[GateCommand]:
    entries = [TreeFile(path, path, 0o100644, len(text)) for path, text in files.items()]
    environ = {"VIRTUAL_ENV": environment, "PATH": str(Path(sys.executable).parent)}
    project = Project.of(entries, lambda blob: files[blob].encode(), None, environ)
    return list(detect(project).commands)


def names(files: dict[str, str]) -> list[str]:
    return [command.name for command in found(files)]


def test_no_python_is_no_command() -> None:
    """A tree of other files has no gate here."""
    assert found({"README.md": "pytest", "conftest.txt": ""}) == []


def test_python_without_tests_is_compiled() -> None:
    """There is always something that a model can break."""
    assert names({"app.py": "x = 1\n", "testing.md": ""}) == ["compile"]


@pytest.mark.parametrize(
    "files",
    [
        {"pytest.ini": "[pytest]\n"},
        {"pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['t']\n"},
        {"setup.cfg": "[metadata]\nname = a\n\n[tool:pytest]\n"},
        {"tox.ini": "[tox]\n[pytest]\n"},
        {"tests/conftest.py": ""},
        {"tests/test_a.py": "import pytest\n" + UNITTEST},
        {"tests/test_a.py": "from pytest import raises\n"},
        {"a_test.py": "def test_a():\n    assert 1\n"},
        {"tests/test_a.py": "class TestA:\n    def test_a(self): pass\n"},
        {"tests/test_a.py": "async def test_a(): pass\n"},
    ],
    ids=lambda files: next(iter(files)) + ":" + next(iter(files.values()))[:18],
)
def test_a_sign_of_pytest_runs_pytest(files: dict[str, str]) -> None:
    """Its settings, its fixtures' file, or tests that only it runs."""
    assert names({"app.py": "", **files}) == ["compile", "pytest"]


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": "[tool.ruff]\n# [tool.pytest]\n"},
        {"pyproject.toml": "not toml ["},
        {"setup.cfg": "[metadata]\n"},
        {"tests/data.py": "import pytest\n"},
        {"tests/test_link.py": ""},
    ],
)
def test_what_only_looks_like_pytest_does_not(files: dict[str, str]) -> None:
    """A mention is no sign."""
    assert names({"app.py": "", **files}) == ["compile"]


@pytest.mark.parametrize(
    ("files", "starts"),
    [
        ({"test_a.py": UNITTEST}, [(".", "test*.py")]),
        ({"tests/test_a.py": UNITTEST}, [("tests", "test*.py")]),
        ({"tests/test_a.py": UNITTEST, "tests/__init__.py": ""}, [(".", "test*.py")]),
        (
            {"pkg/__init__.py": "", "pkg/t/__init__.py": "", "pkg/t/test_a.py": UNITTEST},
            [(".", "test*.py")],
        ),
        (
            {"t/a/test_a.py": UNITTEST, "t/b/b_test.py": UNITTEST},
            [("t/a", "test*.py"), ("t/b", "*_test.py")],
        ),
    ],
)
def test_unittest_starts_where_its_files_can_be_imported(
    files: dict[str, str], starts: list[tuple[str, str]]
) -> None:
    """A folder that is no package is a start of its own; packages are found from above."""
    commands = found(files)[1:]
    assert [(command.argv[7], command.argv[9]) for command in commands] == starts
    assert {command.reads for command in commands} == {"unittest"}
    assert len({command.name for command in commands}) == len(commands)


def test_pytest_takes_no_settings_from_above() -> None:
    """A tree without pytest's settings gets none from the folders around the export."""
    bare = found({"test_a.py": "def test_a(): pass\n"})[1]
    own = found({"test_a.py": "def test_a(): pass\n", "pytest.ini": "[pytest]\n"})[1]
    assert "-c" in bare.argv[3:]
    assert "-c" not in own.argv[3:]


def test_pytest_is_run_by_an_interpreter_that_has_it(tmp_path: Path) -> None:
    """An environment without pytest still compiles; our own interpreter runs the tests."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "pyvenv.cfg").touch()
    (bare := tmp_path / "bin" / "python").symlink_to(sys.executable)
    commands = found({"test_a.py": "import pytest\n"}, str(tmp_path))
    assert [command.argv[0] for command in commands] == [str(bare), sys.executable]


@pytest.mark.parametrize(
    ("line", "reads"),
    [
        ("pytest -x", "pytest"),
        ("make lint && .venv/bin/pytest tests", "pytest"),
        ("python -m pytest", "pytest"),
        ("pip install pytest-cov", "exit-code"),
        ("python -m unittest -v", "unittest"),
        ("python -m unittest", "exit-code"),
        ("make check", "exit-code"),
    ],
)
def test_a_configured_line_goes_through_the_shell(line: str, reads: str) -> None:
    """It is the user's own; results are read from it where its form is known."""
    (command,) = configured([line])
    assert (command.argv, command.reads) == (("sh", "-c", line), reads)


def test_a_configured_line_finds_the_projects_programs() -> None:
    """With the project's Python, the folder of that comes first in PATH."""
    (command,) = configured(["pytest"], "/p/.venv/bin/python")
    assert command.argv[-2:] == ("/p/.venv/bin", "pytest")
    assert command.name == "pytest"
