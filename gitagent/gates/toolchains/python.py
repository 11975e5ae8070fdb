"""Python: every file compiled, and each package tested by the runner its tests are for."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gitagent.domain.verdict import GateCommand
from gitagent.gates.compiling import compile_command
from gitagent.gates.project import Project
from gitagent.gates.python import (
    installed,
    interpreter,
    is_stand_in,
    needed_by,
    python_path,
    source_roots,
    version_of,
    with_pytest,
)
from gitagent.gates.python_generated import generated, unwritten
from gitagent.gates.python_packages import PythonPackage, python_packages
from gitagent.gates.python_tests import (
    plugins,
    pytest,
    settings_file,
    tests_in,
    unittests,
    wants_pytest,
)
from gitagent.gates.tox import Asked, asked

_NAMED = 3
_INSTALL = "`python3 -m venv .venv && .venv/bin/pip install -e .`"


@dataclass(frozen=True)
class _Tested:
    """A package with tests: its part of the tree, and the folders in it that are others' matter."""

    package: PythonPackage
    part: Project
    tests: Mapping[str, bytes]
    others: tuple[str, ...]
    asked: Asked | None

    @property
    def for_pytest(self) -> bool:
        return wants_pytest(self.part, dict(self.tests), self.asked)


def commands(project: Project) -> tuple[GateCommand, ...]:
    """A compile run over all of the tree, then one run of tests for each package."""
    if not any(path.endswith(".py") for path in project.files):
        return ()
    python = interpreter(project.checkout, project.environ)
    compiled = replace(compile_command(python), brings=needed_by(python), tool=_named(python))
    found = _tested(project)
    layout = _layout(project, found)
    tests = [
        _placed(command, project, each, layout, python)
        for each in found
        for command in _tests(each, python)
    ]
    return (compiled, *_apart(tests))


def missing(project: Project) -> tuple[str, ...]:
    """What the tests need and the project's Python does not have, and how to get it."""
    if not any(path.endswith(".py") for path in project.files):
        return ()
    python = interpreter(project.checkout, project.environ)
    if is_stand_in(python):
        return (f"Python: {python} is a stand-in: put the interpreter's own folder first in PATH",)
    found = _tested(project)
    said = [sentence for each in found for sentence in _lacking(each, python)]
    said += [
        f"{path} is written when the project is installed, and is not there: {_INSTALL}"
        for each in found
        for path in unwritten(project, each.package.folder)
    ]
    return tuple(dict.fromkeys(said))


def _tested(project: Project) -> list[_Tested]:
    """The packages with tests. One without settings is tested where the root's pytest finds it."""
    all_ = python_packages(project)
    parts = {each.folder: _part(project, each, all_) for each in all_}
    covered = _covered(parts)
    found = []
    for package in all_:
        if package.folder in covered:
            continue
        others = [each for each in all_ if each.folder not in covered and each.folder]
        part = _part(project, package, others)
        told = asked(part) if any(path.endswith(".py") for path in part.files) else None
        tests = tests_in(part)
        if tests or told or wants_pytest(part, tests, told):
            inner = tuple(_inside(package.folder, other.folder) for other in others)
            uses = package.uses
            if not package.folder and not package.name:
                uses = tuple(each.folder for each in others)
            elif not package.folder:
                uses = tuple(each for each in uses if each not in covered)
            shown = replace(package, uses=uses)
            found.append(_Tested(shown, part, tests, tuple(filter(None, inner)), told))
    return found


def _part(project: Project, package: PythonPackage, all_: Sequence[PythonPackage]) -> Project:
    deeper = [each.folder for each in all_ if _inside(package.folder, each.folder)]
    return project.below(package.folder, deeper)


def _inside(folder: str, other: str) -> str:
    """`other` as seen from `folder`; empty where it does not lie below it."""
    if folder == other or not (not folder or other.startswith(f"{folder}/")):
        return ""
    return other[len(folder) + 1 :] if folder else other


def _covered(parts: Mapping[str, Project]) -> set[str]:
    """The packages whose tests the root's settings mean."""
    root = parts[""]
    if not settings_file(root):
        return set()
    return {
        folder
        for folder, part in parts.items()
        if folder and not settings_file(part) and not asked(part)
    }


def _tests(tested: _Tested, python: str) -> tuple[GateCommand, ...]:
    part, tests = tested.part, dict(tested.tests)
    if tested.for_pytest and (runner := with_pytest(python)):
        return (pytest(part, runner, tested.asked, tested.others),)
    return unittests(part, python, tests, tested.asked)


def _placed(
    command: GateCommand,
    project: Project,
    tested: _Tested,
    layout: Mapping[str, _Layout],
    python: str,
) -> GateCommand:
    """The command in its package's folder, which takes its own modules first, then others'."""
    folder = tested.package.folder
    runner = command.argv[0]
    order = _order(folder, layout)
    path = [root for each in order for root in layout[each].roots]
    brings = dict.fromkeys((*needed_by(python), *needed_by(runner)))
    made = (bring for each in order for bring in generated(project, each))
    return replace(
        command,
        name=f"{command.name} {folder}" if folder else command.name,
        folder=folder,
        env=(*python_path(path), *command.env),
        brings=tuple(dict.fromkeys((*brings, *made))),
        package=folder,
        uses=tested.package.uses,
        tool=_named(runner, "pytest" if command.reads == "pytest" else ""),
    )


@dataclass(frozen=True)
class _Layout:
    """The folders from which a package's modules are imported, and the packages it uses."""

    roots: tuple[str, ...]
    uses: tuple[str, ...]


def _layout(project: Project, tested: Sequence[_Tested]) -> dict[str, _Layout]:
    shown = {each.package.folder: each.package for each in tested}
    all_ = [shown.get(each.folder, each) for each in python_packages(project)]
    parts = ((each, _part(project, each, all_)) for each in all_)
    return {
        each.folder: _Layout(tuple(_roots(each.folder, part)), each.uses) for each, part in parts
    }


def _roots(folder: str, part: Project) -> Iterator[str]:
    """A `src` that is not there yet may be made by a change."""
    found = source_roots(part.files)
    if not found and not any(path.startswith("src/") for path in part.files):
        found = ["src"]
    yield from (posixpath.join(folder, root) for root in found)
    yield folder


def _order(folder: str, layout: Mapping[str, _Layout]) -> list[str]:
    wanted, order = [folder], list[str]()
    while wanted:
        each = wanted.pop(0)
        if each not in order and each in layout:
            order.append(each)
            wanted += layout[each].uses
    return order


def _apart(commands_: Sequence[GateCommand]) -> Iterator[GateCommand]:
    seen: dict[str, int] = {}
    for command in commands_:
        seen[command.name] = n = seen.get(command.name, 0) + 1
        yield command if n == 1 else replace(command, name=f"{command.name} #{n}")


def _named(python: str, module: str = "") -> str:
    """`pytest 8.3.1, Python 3.11 of /path/python`, as far as it can be seen."""
    said = f"Python {version_of(python)}".strip() + f" of {python}"
    if not module:
        return said
    return f"{module} {(installed(python) or {}).get(module, '')}".strip() + f", {said}"


def _lacking(tested: _Tested, python: str) -> Iterator[str]:
    part, package = tested.part, tested.package
    manifest = posixpath.join(package.folder, _manifest(part))
    runner = with_pytest(python) if tested.for_pytest else None
    there = installed(python)
    if tested.for_pytest and runner != python:
        own = "gitagent's own Python runs the tests" if runner else "nothing runs the tests"
        yield (
            f"{manifest}: pytest is not in {python}; {own}: make an environment in .venv and "
            "`.venv/bin/pip install pytest`"
        )
    if there is None:
        return
    absent = [name for name in package.runtime if name not in there and not _in_tree(name, package)]
    if absent:
        where = "`.venv/bin/pip install -e .`" if "/.venv/" in python else _INSTALL
        yield f"{manifest}: {_listed(absent)} not installed in {python}: {where}"
    if runner == python:
        for name in plugins(part):
            if name not in there:
                yield (
                    f"{posixpath.join(package.folder, settings_file(part))}: its addopts need "
                    f"{name}, which is not in {python}: `pip install {name}`"
                )
    if tested.asked and not tested.asked.runner and not _tests(tested, python):
        file = posixpath.join(package.folder, tested.asked.file)
        yield f"{file}: `{tested.asked.line}` is no known runner: name it with gate.commands"


def _in_tree(name: str, package: PythonPackage) -> bool:
    return any(posixpath.basename(folder).replace("_", "-") == name for folder in package.uses)


def _manifest(part: Project) -> str:
    return next(
        (name for name in ("pyproject.toml", "setup.cfg", "setup.py") if name in part.files),
        "tests",
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    shown = ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"{shown} {'is' if len(names) == 1 else 'are'}"
