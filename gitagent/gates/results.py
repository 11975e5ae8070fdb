"""What a command is told so that its results can be read, and how they are read from it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from gitagent.domain.verdict import GateCommand, TestOutcome
from gitagent.gates import junit, unittest_output
from gitagent.ports import Execution

_PROBLEM = re.compile(r"^(?P<path>.+?):\d+: ", re.MULTILINE)


def pytest_options(results: Path, existing: str = "") -> str:
    """A value for PYTEST_ADDOPTS: a report in the folder `results`, and every test run to its end.

    One broken test file must not hide the results of the others, nor `-x` in the project's own
    settings those after the first failure. The cache moves out of the tree; it is not switched
    off, for some plugins cannot do without it.
    """
    return " ".join(
        [
            *([existing] if existing else []),
            f"--junitxml={shlex.quote(str(report_in(results)))}",
            "-o junit_family=xunit1",
            f"-o {shlex.quote(f'cache_dir={results}/cache')}",
            "--continue-on-collection-errors --maxfail=0",
        ]
    )


def report_in(results: Path) -> Path:
    return results / "junit.xml"


def read_results(
    command: GateCommand, execution: Execution, results: Path
) -> dict[str, TestOutcome]:
    """Outcomes by test id; empty for a command that says nothing about single tests."""
    if command.reads == "pytest":
        return junit.read_report(report_in(results))
    if command.reads == "unittest":
        return unittest_output.parse(execution.output)
    if command.reads == "compileall":
        return {f"compile::{m['path']}": "failed" for m in _PROBLEM.finditer(execution.output)}
    return {}
