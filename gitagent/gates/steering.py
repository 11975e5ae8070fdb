"""Which files of a tree decide about the others: its tests, and what steers their runner.

By the conventions of each toolchain, since an agent that may change them decides by itself whether
it is done. What steers a program counts only where a command of the gate starts that program.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from gitagent.domain.verdict import GateCommand
from gitagent.gates.python import source_roots

Part = Literal["test", "runner", "product"]

_JS = r"\.[cm]?[jt]sx?$"
_TEST_NAME = re.compile(
    r"^(?:test_.*|.*_tests?|tests?)\.pyi?$"
    rf"|[._-](?:test|spec|e2e|cy){_JS}|^(?:tests?|spec){_JS}|^test-.*{_JS}"
    r"|_test\.go$|_test\.exs$|(?:^|_)tests?\.rs$|_(?:spec|test)\.rb$"
    r"|(?:Test|Tests|TestCase|IT|Spec)\.(?:java|kt|kts|scala|groovy|cs|swift|php)$"
    r"|\.bats$|^test_.*\.sh$|\.(?:snap|ambr)$|\.approved\.\w+$"
)
_TEST_FOLDERS = frozenset({"__tests__", "__snapshots__", "__mocks__", "testdata"})
_MAYBE_TESTS = frozenset({"tests", "test", "spec", "specs", "e2e", "cypress"})
_AT_ROOTS = frozenset({"tests", "test", "e2e", "cypress"})
_MANIFESTS = (
    *("pyproject.toml", "setup.py", "setup.cfg", "package.json", "Cargo.toml", "go.mod"),
    *("mix.exs", "Gemfile", "pom.xml", "build.gradle", "build.gradle.kts"),
)

_RUNNER_NAME = re.compile(
    r"^(?:conftest\.py|(?:site|user)customize\.py|\.?pytest\.(?:ini|toml)|\.coveragerc"
    r"|.*\.pth|mocha\.opts|\.mocharc.*|\.(?:nyc|c8)rc.*|\.npmrc|\.yarnrc.*|\.pnpmfile\.c?js"
    rf"|(?:jest|vitest|vite|karma|ava|playwright|cypress)\.(?:config|conf|setup|workspace|preset)\..*"
    rf"|(?:setupTests|test-setup|jest-setup|vitest-setup){_JS}|bunfig\.toml|nextest\.toml"
    r"|test_helper\.exs|coveralls\.json|\.rspec|phpunit\.xml.*)$",
    re.IGNORECASE,
)
_RUNNER_PATH = re.compile(
    r"(?:^|/)(?:\.cargo/config(?:\.toml)?|config/test\.exs|[^/]+\.(?:egg|dist)-info/.*)$"
)
_DEPENDENCIES = re.compile(r"(?:^|/)(?:node_modules|site-packages|\.venv|_build)/")
_STARTED_BY = (
    (re.compile(r"^(?:gnu)?makefile$|\.mk$", re.IGNORECASE), re.compile(r"\bg?make\b")),
    (re.compile(r"^\.?justfile$", re.IGNORECASE), re.compile(r"\bjust\b")),
    (re.compile(r"^taskfile\.ya?ml$", re.IGNORECASE), re.compile(r"\btask\b")),
    (re.compile(r"^rakefile$|\.rake$", re.IGNORECASE), re.compile(r"\brake\b")),
    (re.compile(r"^noxfile\.py$"), re.compile(r"\bnox\b")),
    (re.compile(r"^tasks\.py$"), re.compile(r"\b(?:inv|invoke)\b")),
)
_SCRIPT = re.compile(
    r"(?:^|/)[^/.]+$|\.(?:sh|bash|mk|bat|ps1)$|(?:test|check|verify|spec|gate|(?:^|[/_-])ci)[^/]*$",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\s'\"=;&|()<>]+")
_ONE_PROGRAM = 2_000

_OWN_NAMES = frozenset({"test", "__main__", "this", "antigravity", "turtledemo"})
_IN_PYTEST = frozenset(
    {
        *("pytest", "_pytest", "pluggy", "iniconfig", "py", "packaging", "pygments", "xdist"),
        *("coverage", "pytest_cov", "pytest_asyncio", "hypothesis", "exceptiongroup"),
    }
)


@dataclass(frozen=True)
class Steering:
    """Tells the parts of a project apart, by the paths of its base and the gate's commands."""

    base: Collection[str]
    commands: Sequence[GateCommand] = ()
    scripts: str = ""

    def part(self, path: str) -> Part:
        """What a path is, whether the base has it or not."""
        if self.steers(path):
            return "runner"
        return "test" if self.is_test(path) else "product"

    def steers(self, path: str) -> bool:
        """Whether a path tells a test runner of the gate what to do, whatever stands in it."""
        name = path.rpartition("/")[2]
        if _RUNNER_NAME.match(name) or _RUNNER_PATH.search(path) or _DEPENDENCIES.search(path):
            return True
        if path in self._named:
            return True
        return any(
            file.search(name) and program.search(self._said) for file, program in _STARTED_BY
        )

    def is_test(self, path: str) -> bool:
        """Whether a path is a test, or lies with the tests."""
        *folders, name = path.split("/")
        if _TEST_NAME.search(name) or _TEST_FOLDERS.intersection(folders):
            return True
        return any(
            "/".join(folders[: n + 1]) in self._test_folders or self._at_root(folders[:n], folder)
            for n, folder in enumerate(folders)
            if folder in _MAYBE_TESTS
        )

    def shadows(self, path: str, now: Collection[str]) -> str:
        """The module of a runner or of the standard library in whose place a new file stands.

        `now` are the paths of its tree. Empty where there is no such module, or where the base has
        it as well.
        """
        if path in self.base or not path.endswith((".py", ".pyi", ".so")):
            return ""
        for root in ["", *source_roots(now)]:
            rest = path.removeprefix(f"{root}/") if root else path
            if root and rest == path:
                continue
            module = rest.partition("/")[0].partition(".")[0]
            if module not in _reserved():
                continue
            above = f"{root}/{module}" if root else module
            if not any(
                known in (f"{above}.py",) or known.startswith(f"{above}/") for known in self.base
            ):
                return module
        return ""

    def starts(self, program: str) -> bool:
        """Whether a command line of the gate names a program."""
        return bool(re.search(rf"(?<![\w.-]){re.escape(program)}(?![\w.-])", self._said))

    def _at_root(self, above: Sequence[str], folder: str) -> bool:
        if folder not in _AT_ROOTS:
            return False
        parent = "/".join(above)
        return not above or any(f"{parent}/{name}" in self.base for name in _MANIFESTS)

    @cached_property
    def _test_folders(self) -> frozenset[str]:
        """The folders that are called so and have files in them that are tests by their names."""
        found = set()
        for path in self.base:
            *folders, name = path.split("/")
            if _TEST_NAME.search(name):
                found |= {
                    "/".join(folders[: n + 1]) for n, f in enumerate(folders) if f in _MAYBE_TESTS
                }
        return frozenset(found)

    @cached_property
    def _said(self) -> str:
        """All command lines; a whole program that is handed over is none."""
        words = (word for command in self.commands for word in command.argv)
        return " ".join([*(word for word in words if len(word) < _ONE_PROGRAM), self.scripts])

    @cached_property
    def _named(self) -> frozenset[str]:
        """The scripts of the tree that the command lines name."""
        folders = {"", *(f"{command.folder}/" for command in self.commands if command.folder)}
        words = {word.removeprefix("./") for word in _WORDS.findall(self._said)}
        paths = {f"{folder}{word}" for folder in folders for word in words}
        return frozenset(path for path in paths if path in self.base and _SCRIPT.search(path))


def _reserved() -> frozenset[str]:
    return (sys.stdlib_module_names | _IN_PYTEST) - _OWN_NAMES
