"""Runs a toolchain's commands on a few files, as the gate does: in a folder, through a sandbox."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gitagent.domain.verdict import CommandRun, GateCommand, TestOutcome
from gitagent.gates import cargo_output, go_events, mix_report
from gitagent.gates.project import Project
from gitagent.ports import Execution, TreeFile
from gitagent.sandbox.plain import PlainSandbox

SECONDS = 300.0

# Tests have another home; toolchains that are installed in the user's are found by this one.
_NAMES = ("PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "GOCACHE", "MIX_HOME")
_INSTALLED = {name: os.environ[name] for name in _NAMES if name in os.environ}


def project(files: Mapping[str, str], checkout: Path | None = None, **environ: str) -> Project:
    """A project of these texts; only what is named is in its environment."""
    entries = [TreeFile(path, path, 0o100644, len(text)) for path, text in files.items()]
    return Project.of(entries, lambda blob: files[blob].encode(), checkout, environ)


def here(files: Mapping[str, str], checkout: Path | None = None) -> Project:
    """A project on this machine, with what is installed here."""
    return project(files, checkout, **_INSTALLED)


@dataclass
class Tree:
    """A folder with files, in which commands run."""

    folder: Path
    runs: list[Execution] = field(default_factory=list)

    def write(self, files: Mapping[str, str]) -> Tree:
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return self

    def run(self, command: GateCommand, *nearest: str) -> CommandRun:
        """A command, or with file names the part of it that is nearest to them."""
        results = self.folder.parent / f"results-{len(self.runs)}"
        results.mkdir()
        argv = (*command.narrow, *nearest) if nearest else command.argv
        done = PlainSandbox().run(
            [word.replace("{results}", str(results)) for word in argv],
            self.folder,
            timeout=SECONDS,
            env={name: value.replace("{results}", str(results)) for name, value in command.env},
            inside=command.folder,
        )
        self.runs.append(done)
        return CommandRun(
            command.name,
            done.exit_code,
            done.output,
            done.seconds,
            tests=_outcomes(command, done.output, results),
        )


def _outcomes(command: GateCommand, output: str, results: Path) -> dict[str, TestOutcome]:
    if command.reads == "cargo":
        return cargo_output.parse(output, command.folder, command.package)
    if command.reads == "go":
        return go_events.parse(output, results, command.folder)
    assert command.reads == "mix"
    return mix_report.parse(output, results, command.folder)


def named(commands: tuple[GateCommand, ...], name: str) -> GateCommand:
    (found,) = (command for command in commands if command.name == name)
    return found
