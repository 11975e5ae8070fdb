"""Finds out how a project is checked: out of a tree, which the user's folder may differ from.

Each toolchain is asked for what it would run, and for what it would need and does not find.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gitagent.domain.verdict import GateCommand
from gitagent.gates.project import Project
from gitagent.gates.python import needed_by, python_path, source_roots
from gitagent.gates.results import PYTEST_OPTIONS
from gitagent.gates.toolchains import elixir, go, javascript, python, rust

TOOLCHAINS = (python, javascript, rust, go, elixir)

_RUNS_PYTEST = re.compile(r"(?:^|[\s/;&|(])(?:pytest|py\.test)(?=$|[\s;&|)])")
_RUNS_UNITTEST = re.compile(r"-m\s+unittest\b.*\s(?:-v|--verbose)(?=$|\s)")
_LEAVES_REPORT = re.compile(r"\$\{?GATE_RESULTS\b")


@dataclass(frozen=True)
class Found:
    """The commands of a tree, and sentences about what is missing and how to get it."""

    commands: tuple[GateCommand, ...] = ()
    missing: tuple[str, ...] = ()


def detect(project: Project) -> Found:
    """What a tree's files ask for: what compiles first, then what tests."""
    commands = [command for each in TOOLCHAINS for command in each.commands(project)]
    commands.sort(key=lambda command: command.stage != "compile")
    missing = (sentence for each in TOOLCHAINS for sentence in each.missing(project))
    return Found(tuple(commands), tuple(dict.fromkeys(missing)))


def configured(
    lines: Sequence[str], python: str | None = None, project: Project | None = None
) -> tuple[GateCommand, ...]:
    """The user's own command lines, run by the shell.

    With a `python`, its folder comes first in PATH, as in an activated environment. `project` says
    from where modules are imported. What a line leaves in the folder `$GATE_RESULTS` is read as
    JUnit XML.
    """
    return tuple(_configured(line, python, project) for line in lines)


def _configured(line: str, python: str | None, project: Project | None) -> GateCommand:
    reads = _reader(line)
    roots = ["src"] if project is None else source_roots(project.files)
    env = [("GATE_RESULTS", "{results}"), *python_path(roots)]
    if reads == "pytest":
        env.append(("PYTEST_ADDOPTS", PYTEST_OPTIONS))
    brings = () if python is None else needed_by(python)
    return GateCommand(line, _in_shell(line, python), reads, env=tuple(env), brings=brings)


def _in_shell(line: str, python: str | None) -> tuple[str, ...]:
    if python is None or not python.startswith("/"):
        return ("sh", "-c", line)
    bin_first = 'PATH="$1:$PATH"; export PATH; eval "$2"'
    return ("sh", "-c", bin_first, "sh", posixpath.dirname(python), line)


def _reader(line: str) -> Any:
    if _LEAVES_REPORT.search(line):
        return "junit"
    if _RUNS_PYTEST.search(line):
        return "pytest"
    return "unittest" if _RUNS_UNITTEST.search(line) else "exit-code"
