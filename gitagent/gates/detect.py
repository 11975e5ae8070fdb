"""Finds out how a project is checked: out of a tree, which the user's folder may differ from."""

from __future__ import annotations

import os
import posixpath
import re
import tomllib
from collections.abc import Callable, Sequence
from typing import Any

from gitagent.domain.verdict import GateCommand
from gitagent.gates.compiling import compile_command
from gitagent.gates.python import with_pytest
from gitagent.ports import TreeFile

Read = Callable[[str], bytes]

_LARGEST = 1_000_000
_REGULAR = (0o100644, 0o100755, 0o100664)
_TEST_FILE = re.compile(r"(?:^|/)(?:test[^/]*|[^/]*_tests?)\.py$")
_SETTINGS = {
    "setup.cfg": re.compile(rb"^\[tool:pytest\]", re.MULTILINE),
    "tox.ini": re.compile(rb"^\[pytest\]", re.MULTILINE),
}
_PYTEST_FILES = ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml")
_IMPORTS_PYTEST = re.compile(rb"^\s*(?:import|from)\s+pytest\b", re.MULTILINE)
_PLAIN_TEST = re.compile(
    rb"^(?:async\s+)?def\s+test|^class\s+Test\w*\s*(?:\(\s*(?:object)?\s*\))?\s*:", re.MULTILINE
)
_IMPORTS_UNITTEST = re.compile(rb"^\s*(?:import|from)\s+unittest\b", re.MULTILINE)
# Settings of a folder above the export are none of the project's.
_AT_HOME = ("--rootdir=.", "--confcutdir=.")
_NO_SETTINGS = ("-c", os.devnull)
_SHOWN = ("--tb=auto", "--color=no")
_RUNS_PYTEST = re.compile(r"(?:^|[\s/;&|(])(?:pytest|py\.test)(?=$|[\s;&|)])")
_RUNS_UNITTEST = re.compile(r"-m\s+unittest\b.*\s(?:-v|--verbose)(?=$|\s)")


def detect(files: Sequence[TreeFile], read: Read, python: str) -> tuple[GateCommand, ...]:
    """The commands for a tree's files; `read` gives a blob's bytes, `python` is the project's own.

    Python's are a compile run and the test runner that the tests are written for.
    """
    sources = [file for file in files if file.path.endswith(".py") and file.mode in _REGULAR]
    if not sources:
        return ()
    return (compile_command(python), *_tests(files, read, python))


def configured(commands: Sequence[str], python: str | None = None) -> tuple[GateCommand, ...]:
    """The user's own command lines, run by the shell.

    With a `python`, its folder comes first in PATH, as in an activated environment.
    """
    return tuple(GateCommand(line, _in_shell(line, python), _reader(line)) for line in commands)


def _in_shell(line: str, python: str | None) -> tuple[str, ...]:
    if python is None or not python.startswith("/"):
        return ("sh", "-c", line)
    bin_first = 'PATH="$1:$PATH"; export PATH; eval "$2"'
    return ("sh", "-c", bin_first, "sh", posixpath.dirname(python), line)


def _reader(line: str) -> Any:
    if _RUNS_PYTEST.search(line):
        return "pytest"
    return "unittest" if _RUNS_UNITTEST.search(line) else "exit-code"


def _tests(files: Sequence[TreeFile], read: Read, python: str) -> tuple[GateCommand, ...]:
    by_path = {file.path: file for file in files if file.mode in _REGULAR}
    tests = {
        path: read(file.blob)
        for path, file in by_path.items()
        if _TEST_FILE.search(path) and file.size <= _LARGEST
    }
    settings = _pytest_settings(by_path, read)
    if settings or _written_for_pytest(by_path, tests):
        runner = with_pytest(python)
        if runner:
            return (_pytest(runner, settings),)
    return _unittests(python, by_path, tests)


def _pytest_settings(by_path: dict[str, TreeFile], read: Read) -> bool:
    if any(name in by_path for name in _PYTEST_FILES):
        return True
    for name, section in _SETTINGS.items():
        if name in by_path and section.search(read(by_path[name].blob)):
            return True
    project = by_path.get("pyproject.toml")
    return project is not None and _names_pytest(read(project.blob))


def _names_pytest(pyproject: bytes) -> bool:
    try:
        tool = tomllib.loads(pyproject.decode("utf-8", "replace")).get("tool", {})
    except tomllib.TOMLDecodeError:
        return False
    return isinstance(tool, dict) and "pytest" in tool


def _written_for_pytest(by_path: dict[str, TreeFile], tests: dict[str, bytes]) -> bool:
    if any(posixpath.basename(path) == "conftest.py" for path in by_path):
        return True
    return any(_IMPORTS_PYTEST.search(text) or _PLAIN_TEST.search(text) for text in tests.values())


def _pytest(python: str, settings: bool) -> GateCommand:
    where = _AT_HOME if settings else (*_AT_HOME, *_NO_SETTINGS)
    return GateCommand("pytest", (python, "-m", "pytest", *where, *_SHOWN), "pytest")


def _unittests(
    python: str, by_path: dict[str, TreeFile], tests: dict[str, bytes]
) -> tuple[GateCommand, ...]:
    """One `unittest discover` for each folder from which test files can be imported."""
    starts = {
        (_start_folder(path, by_path), _pattern(path))
        for path, text in tests.items()
        if _IMPORTS_UNITTEST.search(text)
    }
    return tuple(_unittest(python, start, pattern) for start, pattern in sorted(starts))


def _start_folder(path: str, by_path: dict[str, TreeFile]) -> str:
    folder = posixpath.dirname(path)
    while folder and f"{folder}/__init__.py" in by_path:
        folder = posixpath.dirname(folder)
    return folder or "."


def _pattern(path: str) -> str:
    name = posixpath.basename(path)
    if name.startswith("test"):
        return "test*.py"
    return "*_test.py" if name.endswith("_test.py") else "*_tests.py"


def _unittest(python: str, start: str, pattern: str) -> GateCommand:
    # Unbuffered, so that what a test prints stays in order with the runner's own lines.
    argv = (python, "-u", "-m", "unittest", "discover", "-v", "-s", start, "-p", pattern)
    detail = [each for each, usual in ((start, "."), (pattern, "test*.py")) if each != usual]
    return GateCommand(" ".join(["unittest", *detail]), argv, "unittest")
