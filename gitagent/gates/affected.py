"""Which commands a change is the business of, where a tree holds several packages.

A suite of a package that neither changed nor depends on what did says what it said on the base.
Wherever that is in doubt, everything runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence

from gitagent.domain.verdict import CommandRun, GateCommand

UNTOUCHED = "the change does not touch its package"
UNNEEDED = "there was no need for it yet"
FEW = 3
"""Packages whose base is gated whole before anything else is done."""
# What stands above all packages and says how they are built, resolved or run.
_CONFIGURES = re.compile(
    r"(?:^|/)(?:"
    r"package\.json|package-lock\.json|npm-shrinkwrap\.json|pnpm-\S*\.ya?ml|yarn\.lock|bun\.lockb?"
    r"|lerna\.json|nx\.json|turbo\.json|tsconfig[^/]*\.json|(?:babel|jest|vite|vitest)\.config\.\w+"
    r"|Cargo\.(?:toml|lock)|rust-toolchain(?:\.toml)?|\.cargo/.*|build\.rs"
    r"|go\.(?:mod|sum|work|work\.sum)|mix\.(?:exs|lock)|config/[^/]*\.exs|rebar\.(?:config|lock)"
    r"|pyproject\.toml|setup\.(?:cfg|py)|tox\.ini|noxfile\.py|pytest\.(?:ini|toml)|conftest\.py"
    r"|requirements[^/]*\.(?:txt|in)|poetry\.lock|uv\.lock|pdm\.lock|Pipfile(?:\.lock)?"
    r"|gitagent\.toml|Makefile|\.npmrc|\.yarnrc\.yml|\.tool-versions|\.python-version|\.nvmrc"
    r")$"
)


def affected(commands: Sequence[GateCommand], changed: Iterable[str]) -> tuple[GateCommand, ...]:
    """The commands that have to run where these paths changed, in their order.

    What compiles the whole tree always has to.
    """
    packages = {command.package for command in commands}
    if len(packages) < 2:
        return tuple(commands)
    touched = _touched(packages, changed)
    if touched is None:
        return tuple(commands)
    reached = _reached(commands, touched)
    return tuple(c for c in commands if c.package in reached or (c.compiles and not c.package))


def first(
    commands: Sequence[GateCommand], about: Callable[[], Iterable[str]]
) -> tuple[GateCommand, ...]:
    """The commands whose failures on the base are worth knowing before the work begins.

    Of more than a few packages, only those to which one of the paths belongs that `about` gives.
    """
    packages = {command.package for command in commands}
    if len(packages) <= FEW:
        return tuple(commands)
    wanted = {package_of(path, packages) for path in about()}
    return tuple(command for command in commands if command.package in wanted)


def unneeded(command: GateCommand) -> CommandRun:
    """Stands for the run of a command on the base until there is one."""
    return CommandRun(command.name, None, "", 0.0, left=UNNEEDED)


def package_of(path: str, packages: Collection[str]) -> str | None:
    """The deepest of these folders that contains a path; None where none does."""
    folder = path
    while folder:
        folder = folder.rpartition("/")[0]
        if folder in packages:
            return folder
    return None


def _touched(packages: Collection[str], changed: Iterable[str]) -> set[str] | None:
    """The packages that were changed; None where it may be all of them."""
    touched = set()
    for path in changed:
        package = package_of(path, packages)
        if package is None or (not package and _CONFIGURES.search(path)):
            return None
        touched.add(package)
    return touched


def _reached(commands: Sequence[GateCommand], touched: Collection[str]) -> set[str]:
    """These packages, and all that depend on one of them, however far off."""
    reached = set(touched)
    while True:
        further = {c.package for c in commands if reached.intersection(c.uses)} - reached
        if not further:
            return reached
        reached |= further
