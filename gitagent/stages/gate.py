"""Runs the gate's commands on a tree: what compiles, then the tests nearest to a change, then all.

What was run on the same tree before is not run again. Beside the base, the first new failure that
is no chance ends the run: the verdict would only say so at more length. Without a base (on the base
itself) everything runs, for a file that never compiled must not keep the tests from running.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from gitagent.domain.verdict import CommandRun, GateCommand
from gitagent.gates import again
from gitagent.gates.affected import UNTOUCHED, affected
from gitagent.gates.kept import KeptRuns
from gitagent.gates.places import Export, Places
from gitagent.gates.running import Running
from gitagent.ports import Repo, Sandbox


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
    places: Places | None = None,
    kept: KeptRuns | None = None,
    changed: Sequence[str] | None = None,
) -> tuple[CommandRun, ...]:
    """Run `commands` on `tree`, all of them within `timeout` seconds.

    `scratch` is a folder outside the repository. `export` writes the tree and returns what it left
    out, as (path, reason); `places` has folders for it, and `kept` runs of before. `base` are the
    base's runs, `changed` the paths that differ from it: commands of other packages are left.
    `hide` takes secrets out of what they print.
    """
    if not commands:
        return ()
    places = places or Places(repo, scratch, export)
    with Running(repo, sandbox, tree, places, kept, timeout, hide) as running:
        if base is None:
            return tuple(running.on_base(command) for command in commands)
        return _beside(running, commands, base, changed)


def _beside(
    running: Running,
    commands: Sequence[GateCommand],
    base: Sequence[CommandRun],
    changed: Sequence[str] | None,
) -> tuple[CommandRun, ...]:
    touched = commands if changed is None else affected(commands, changed)
    before = {run.name: run for run in base if not run.left}
    runs = {c.name: _left(c, UNTOUCHED) for c in commands if c not in touched}

    def in_order() -> tuple[CommandRun, ...]:
        return tuple(runs[command.name] for command in commands if command.name in runs)

    for command in touched:
        if command.compiles:
            runs[command.name] = running.command(command)
    if any(_fails_anew(run, before.get(name)) for name, run in runs.items() if not run.left):
        return in_order()
    tests = [command for command in touched if not command.compiles]
    packages = {command.package for command in commands}
    for command in tests:
        part = running.nearest(command, before.get(command.name), changed or (), packages)
        run = running.tests(command, before.get(command.name), part) if part else None
        if run is not None and again.worse(run, before.get(command.name)):
            runs[command.name] = run
            return in_order()
    for command in tests:
        runs[command.name] = running.tests(command, before.get(command.name))
    return in_order()


def _left(command: GateCommand, why: str) -> CommandRun:
    return CommandRun(command.name, None, "", 0.0, left=why)


def _fails_anew(run: CommandRun, before: CommandRun | None) -> bool:
    """Whether something does not compile that did on the base."""
    failing = {test for test, outcome in run.tests.items() if outcome == "failed"}
    if failing:
        return before is None or not failing <= before.tests.keys()
    return run.failed and (before is None or not before.failed)
