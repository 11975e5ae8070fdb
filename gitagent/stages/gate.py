"""Runs the gate's commands on a tree, in a folder that is made for it and gone afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gitagent.domain.verdict import CommandRun, GateCommand
from gitagent.gates.python import python_environment
from gitagent.gates.results import pytest_options, read_results
from gitagent.gates.trim import plain_text, trim
from gitagent.ports import Repo, Sandbox
from gitagent.scratch import private_folder

Export = Callable[[Repo, str, Path], Sequence[tuple[str, str]]]
OUTPUT_CHARS = 40_000


def gate(
    repo: Repo,
    sandbox: Sandbox,
    tree: str,
    commands: Sequence[GateCommand],
    *,
    scratch: Path,
    timeout: float,
    export: Export,
    base: Sequence[CommandRun] | None = None,
    hide: Callable[[str], str] = str,
) -> tuple[CommandRun, ...]:
    """Run `commands` in order on a fresh export of `tree`, all of them within `timeout` seconds.

    `scratch` is a folder outside the repository. `export` writes the tree and returns what it left
    out, as (path, reason). With the base's runs in `base`, a file that no longer compiles ends the
    gate: the tests could only say so at more length. Without them (on the base itself) everything
    runs, for a file that never compiled must not keep the tests from running. `hide` takes secrets
    out of what they print.
    """
    if not commands:
        return ()
    began = time.monotonic()
    with private_folder(scratch, "gate-") as private:
        place = _Place.make(private, repo, tree, export, hide)
        runs: list[CommandRun] = []
        for command in commands:
            run = _run(sandbox, command, place, began + timeout - time.monotonic())
            # the first run is charged with the export, so that the seconds are all of the gate's
            runs.append(replace(run, seconds=time.monotonic() - began) if not runs else run)
            if base is not None and _stopped_compiling(command, runs[-1], base):
                break
    return tuple(runs)


@dataclass(frozen=True)
class _Place:
    """The export, the variables that make Python test it, and where results go: outside of it."""

    folder: Path
    private: Path
    env: dict[str, str]
    left_out: str
    hide: Callable[[str], str]

    @classmethod
    def make(
        cls, private: Path, repo: Repo, tree: str, export: Export, hide: Callable[[str], str]
    ) -> _Place:
        folder = private / "tree"
        folder.mkdir(mode=0o755)
        skipped = export(repo, tree, folder)
        left_out = "".join(f"[not exported: {path}: {reason}]\n" for path, reason in skipped)
        paths = (file.path for file in repo.files(tree))
        return cls(folder, private, python_environment(folder, paths), left_out, hide)

    def cleaned(self, output: str) -> str:
        """An output in which paths are the tree's own, and which holds no secret."""
        for own, seen in (
            (f"{self.folder}/", ""),
            (str(self.folder), "."),
            (f"{self.private}/", ""),
        ):
            output = output.replace(own, seen)
        text = self.hide(plain_text(output))
        return text if len(text) <= OUTPUT_CHARS else trim(text, OUTPUT_CHARS)


def _run(sandbox: Sandbox, command: GateCommand, place: _Place, seconds: float) -> CommandRun:
    if seconds <= 0:
        return CommandRun(command.name, None, "There was no time left for it.", 0.0, True)
    # A folder for each run: a report of the command before would speak for this one.
    with private_folder(place.private, "results-") as results:
        told = {"PYTEST_ADDOPTS": pytest_options(results)} if command.reads == "pytest" else {}
        done = sandbox.run(
            command.argv,
            place.folder,
            timeout=seconds,
            env=place.env | dict(command.env) | told,
            inside=command.folder,
            brings=command.brings,
            results=results,
        )
        tests = read_results(command, done, results)
    output = place.cleaned(done.output)
    if done.exit_code != 0:
        output = place.left_out + output
    return CommandRun(command.name, done.exit_code, output, done.seconds, done.timed_out, tests)


def _stopped_compiling(command: GateCommand, run: CommandRun, base: Sequence[CommandRun]) -> bool:
    if command.reads != "compileall" or run.exit_code != 1:
        return False
    known = {test for before in base if before.name == run.name for test in before.tests}
    return not known.issuperset(run.tests)
