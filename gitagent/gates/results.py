"""What a command is told so that its results can be read, and how they are read from it.

One rule for all toolchains: a command leaves its report in a folder that is made for its run, which
it learns by the placeholder `{results}`. What a tool says of paths is made relative to the tree.
"""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from gitagent.domain.verdict import GateCommand, TestOutcome
from gitagent.gates import (
    cargo_output,
    go_events,
    jest_report,
    junit,
    mix_report,
    outcome_lines,
    tap,
    unittest_output,
)
from gitagent.ports import Execution

RESULTS, TREE = "{results}", "{tree}"
REPORT = "junit.xml"
PYTEST_OPTIONS = " ".join(
    [
        f"--junitxml={RESULTS}/{REPORT}",
        "-o junit_family=xunit1",
        f"-o cache_dir={RESULTS}/cache",
        "--continue-on-collection-errors --maxfail=0",
    ]
)
"""A value for PYTEST_ADDOPTS: a report, and every test run to its end.

One broken test file must not hide the results of the others, nor `-x` in the project's own settings
those after the first failure. The cache moves out of the tree; it is not switched off, for some
plugins cannot do without it.
"""

# pytest splits its variable into words as a shell does.
_SPLIT = ("PYTEST_ADDOPTS",)
_MOST_REPORTS = 200
_COMPILEALL = re.compile(r"^(?P<path>.+?):\d+: ", re.MULTILINE)
_TSC = re.compile(r"^(?P<path>[^\s(][^(\n]*)\(\d+,\d+\): error TS\d+: ", re.MULTILINE)
_TSC_WHOLE = re.compile(r"^error TS\d+: ", re.MULTILINE)

Tests = dict[str, TestOutcome]


def told(command: GateCommand, *, results: str, tree: str) -> GateCommand:
    """The command with its placeholders replaced by these absolute paths, as it sees them."""

    def place(text: str, quote: Callable[[str], str] = str) -> str:
        return text.replace(RESULTS, quote(results)).replace(TREE, quote(tree))

    return replace(
        command,
        argv=tuple(place(word) for word in command.argv),
        narrow=tuple(place(word) for word in command.narrow),
        env=tuple(
            (name, place(value, shlex.quote if name in _SPLIT else str))
            for name, value in command.env
        ),
    )


def read_results(
    command: GateCommand, execution: Execution, results: Path, tree: str = ""
) -> dict[str, TestOutcome]:
    """Outcomes by test id; empty for a command that says nothing about single tests.

    `results` is the folder of the report here, `tree` the root of the tree as the command saw it.
    Paths in ids are relative to that.
    """
    reader = _READERS.get(command.reads)
    return reader(command, execution, results, tree) if reader else {}


def _pytest(command: GateCommand, _execution: Execution, results: Path, _tree: str) -> Tests:
    return _below(command, junit.read_report(results / REPORT), "/")


def _junit(command: GateCommand, _execution: Execution, results: Path, tree: str) -> Tests:
    tests: Tests = {}
    # a test may have written more of them than anybody would want to read
    for report in sorted(results.glob("*.xml"))[:_MOST_REPORTS]:
        tests |= junit.read_report(report, general=True)
    return {_relative(test, command, tree): outcome for test, outcome in tests.items()}


def _unittest(command: GateCommand, execution: Execution, _results: Path, _tree: str) -> Tests:
    return _below(command, unittest_output.parse(execution.output), "::")


def _compileall(command: GateCommand, execution: Execution, _results: Path, _tree: str) -> Tests:
    return {f"compile::{m['path']}": "failed" for m in _COMPILEALL.finditer(execution.output)}


def _tsc(command: GateCommand, execution: Execution, _results: Path, _tree: str) -> Tests:
    paths = [found["path"] for found in _TSC.finditer(execution.output)]
    if _TSC_WHOLE.search(execution.output):
        paths.append("tsconfig.json")
    inside = (posixpath.normpath(posixpath.join(command.folder, path)) for path in paths)
    return {f"compile::{path}": "failed" for path in inside}


def _jest(command: GateCommand, _execution: Execution, results: Path, tree: str) -> Tests:
    tests = jest_report.parse(junit.content(results / "jest.json"))
    return {_relative(test, command, tree): outcome for test, outcome in tests.items()}


def _lines(command: GateCommand, _execution: Execution, results: Path, tree: str) -> Tests:
    tests = outcome_lines.parse(junit.content(results / "tests.jsonl"))
    return {_relative(test, command, tree): outcome for test, outcome in tests.items()}


def _tap(command: GateCommand, execution: Execution, _results: Path, _tree: str) -> Tests:
    return _below(command, tap.parse(execution.output), "::")


def _cargo(command: GateCommand, execution: Execution, _results: Path, _tree: str) -> Tests:
    return cargo_output.parse(execution.output, command.folder, command.package)


def _go(command: GateCommand, execution: Execution, results: Path, _tree: str) -> Tests:
    return go_events.parse(execution.output, results, command.folder)


def _mix(command: GateCommand, execution: Execution, results: Path, _tree: str) -> Tests:
    return mix_report.parse(execution.output, results, command.folder)


def read_output(command: GateCommand, execution: Execution, results: Path) -> str:
    """What a person reads of a run, with what its report alone says."""
    if command.reads == "go":
        return go_events.readable(execution.output, results)
    return execution.output


def _below(command: GateCommand, tests: Tests, joint: str) -> Tests:
    """Ids that a run in a package's folder gave, told apart from those of other packages."""
    if not command.folder:
        return tests
    return {f"{command.folder}{joint}{test}": outcome for test, outcome in tests.items()}


def _relative(test: str, command: GateCommand, tree: str) -> str:
    """An id whose first part is a path, absolute or seen from the command's folder."""
    path, joint, name = test.partition("::")
    for root in (tree, os.path.realpath(tree)) if tree else ():
        if path.startswith(f"{root}/"):
            return path[len(root) + 1 :] + joint + name
    if path.startswith("/") or not command.folder:
        return test
    return posixpath.normpath(posixpath.join(command.folder, path)) + joint + name


_READERS: Mapping[str, Callable[[GateCommand, Execution, Path, str], Tests]] = {
    "pytest": _pytest,
    "junit": _junit,
    "unittest": _unittest,
    "compileall": _compileall,
    "tsc": _tsc,
    "jest": _jest,
    "lines": _lines,
    "tap": _tap,
    "cargo": _cargo,
    "go": _go,
    "mix": _mix,
}
