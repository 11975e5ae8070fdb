"""Which runner a Python package's tests are written for, and how it is started."""

from __future__ import annotations

import os
import posixpath
import re
import tomllib
from collections.abc import Sequence

from gitagent.domain.verdict import GateCommand
from gitagent.gates.project import LARGEST, Project
from gitagent.gates.results import PYTEST_OPTIONS
from gitagent.gates.tox import Asked

_TEST_FILE = re.compile(r"(?:^|/)(?:test[^/]*|[^/]*_tests?)\.py$")
_SETTINGS = {
    "setup.cfg": re.compile(r"^\[tool:pytest\]", re.MULTILINE),
    "tox.ini": re.compile(r"^\[pytest\]", re.MULTILINE),
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
# Options that pytest itself has: those of a plugin end the run where that is not installed.
_OWN = re.compile(
    r"^(?:-[kmWopc]|--(?:import-mode|doctest-modules|doctest-glob|doctest-continue-on-failure"
    r"|pyargs|ignore|ignore-glob|deselect|strict-markers|strict-config|strict|noconftest"
    r"|override-ini|pythonwarnings|keepduplicates))(?:$|=)"
)
_VALUED = ("-k", "-m", "-W", "-o", "-p", "-c", "--import-mode", "--doctest-glob", "--ignore",
           "--ignore-glob", "--deselect", "--override-ini", "--pythonwarnings")  # fmt: skip
_PLUGINS = {
    "--cov": "pytest-cov",
    "--timeout": "pytest-timeout",
    "--asyncio-mode": "pytest-asyncio",
    "--numprocesses": "pytest-xdist",
    "-n": "pytest-xdist",
    "--dist": "pytest-xdist",
    "--benchmark": "pytest-benchmark",
    "--ds": "pytest-django",
    "--reuse-db": "pytest-django",
    "--mypy": "pytest-mypy",
    "--randomly": "pytest-randomly",
    "--reruns": "pytest-rerunfailures",
    "--snapshot": "syrupy",
    "--hypothesis": "hypothesis",
}


# A plugin that is named by its module, as `-p pytest_aiohttp.plugin`.
_LOADED = re.compile(r"(?<![\w-])-p[ =]?(?!no:)(pytest_\w+)")
# What our own reading of the results stands on.
_OURS = ("junit_", "cache_dir", "no:junitxml")


def tests_in(package: Project) -> dict[str, bytes]:
    """What looks like a file of tests, with what it holds."""
    return {
        path: package.read(file.blob)
        for path, file in package.files.items()
        if _TEST_FILE.search(path) and file.size <= LARGEST
    }


def settings_file(package: Project) -> str:
    """The file in which pytest finds its settings for a package; empty where it has none."""
    for name in _PYTEST_FILES:
        if name in package.files:
            return name
    for name, section in _SETTINGS.items():
        if section.search(package.text(name)):
            return name
    return "pyproject.toml" if "pytest" in _tool(package) else ""


def wants_pytest(package: Project, tests: dict[str, bytes], asked: Asked | None) -> bool:
    """Its settings, its fixtures' file, tests that only it runs, or somebody who says so."""
    if settings_file(package) or (asked and asked.runner == "pytest"):
        return True
    if any(posixpath.basename(path) == "conftest.py" for path in package.files):
        return True
    return any(_IMPORTS_PYTEST.search(text) or _PLAIN_TEST.search(text) for text in tests.values())


def pytest(
    package: Project, python: str, asked: Asked | None, ignored: Sequence[str] = ()
) -> GateCommand:
    """pytest on a package; `ignored` are folders in it that have a command of their own."""
    where = _AT_HOME if settings_file(package) else (*_AT_HOME, *_NO_SETTINGS)
    told, env = ((), ()) if asked is None or asked.runner != "pytest" else (asked.args, asked.env)
    options, paths = _options(told, package)
    argv = (python, "-m", "pytest", *where, *_SHOWN, *options)
    argv += tuple(f"--ignore={folder}" for folder in ignored)
    return GateCommand(
        "pytest",
        (*argv, *paths),
        "pytest",
        env=(*env, ("PYTEST_ADDOPTS", PYTEST_OPTIONS)),
        narrow=argv,
    )


def plugins(package: Project) -> tuple[str, ...]:
    """The distributions without which pytest does not understand a package's own options."""
    name = settings_file(package)
    text = package.text(name)
    section = re.search(
        r"^\s*addopts\s*=(?P<said>(?:[^\n]*\n?)(?:[ \t]+[^\n]*\n|[^\n=\[]*\n)*)", text, re.M
    )
    if not section:
        return ()
    words = re.findall(r"(?<![\w-])--?[a-z][\w-]*", section["said"])
    found = (
        owner
        for word in words
        for option, owner in _PLUGINS.items()
        if word == option or (option.startswith("--") and word.startswith(f"{option}-"))
    )
    loaded = (each.replace("_", "-") for each in _LOADED.findall(section["said"]))
    return tuple(dict.fromkeys((*found, *loaded)))


def unittests(
    package: Project, python: str, tests: dict[str, bytes], asked: Asked | None
) -> tuple[GateCommand, ...]:
    """One `unittest discover` for each folder from which test files can be imported."""
    if asked and asked.runner == "unittest" and asked.args:
        return (_as_asked(python, asked),)
    starts = {
        (_start_folder(path, package), _pattern(path))
        for path, text in tests.items()
        if _IMPORTS_UNITTEST.search(text)
    }
    return tuple(_unittest(python, start, pattern) for start, pattern in sorted(starts))


def _options(told: Sequence[str], package: Project) -> tuple[list[str], list[str]]:
    """What of a command line can be taken over: pytest's own options, and paths of the tree."""
    options: list[str] = []
    paths: list[str] = []
    words = list(told)
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            place = word.partition("::")[0].rstrip("/")
            if place in package.files or any(
                path.startswith(f"{place}/") for path in package.files
            ):
                paths.append(word)
        elif _OWN.match(word):
            value = [words.pop(0)] if word in _VALUED and words else []
            ours = any(each.startswith(_OURS) for each in value)
            if not ours and not any("{" in each for each in (word, *value)):
                options += [word, *value]
    return options, paths


def _tool(package: Project) -> dict[str, object]:
    try:
        tool = tomllib.loads(package.text("pyproject.toml")).get("tool", {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
    return tool if isinstance(tool, dict) else {}


def _as_asked(python: str, asked: Asked) -> GateCommand:
    # What `-v` does not say cannot be read; without buffering it stays in order.
    words = tuple(word for word in asked.args if word not in ("-v", "--verbose", "-q", "-b", "-f"))
    first = ("discover", "-v") if words[:1] == ("discover",) else ("-v",)
    rest = words[1:] if words[:1] == ("discover",) else words
    argv = (python, "-u", "-m", "unittest", *first, *rest)
    return GateCommand("unittest", argv, "unittest", env=asked.env)


def _start_folder(path: str, package: Project) -> str:
    folder = posixpath.dirname(path)
    while folder and f"{folder}/__init__.py" in package.files:
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
