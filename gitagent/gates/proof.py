"""Whether a new test proves anything: it does where it fails on the base and passes now."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from gitagent.domain.edit import File
from gitagent.domain.suite import SuiteReader
from gitagent.domain.verdict import CommandRun, GateCommand, Verdict
from gitagent.gates.splicing import with_base_tests
from gitagent.ports import Repo


def base_with_tests(
    repo: Repo, base: str, tree: str, paths: Sequence[str], read: SuiteReader
) -> str:
    """The base's tree with the tests at these paths as they are in `tree`."""
    changes: dict[str, File | None] = {}
    for path in paths:
        before, now = repo.file(base, path), repo.file(tree, path)
        if now and before and path.endswith(".rs") and read(path, before.data).inline:
            inside, ours = read(path, before.data).inline, read(path, now.data).inline
            now = replace(before, data=with_base_tests(now.data, ours, before.data, inside))
        changes[path] = now
    return repo.with_files(base, changes)


def candidates(verdict: Verdict, base: Sequence[CommandRun]) -> frozenset[str]:
    """Tests that pass now and of which the base's run did not say that they fail."""
    failing = {test for run in base for test, outcome in run.tests.items() if outcome == "failed"}
    return frozenset(verdict.passed) - failing


def narrowed(commands: Sequence[GateCommand], paths: Collection[str]) -> tuple[GateCommand, ...]:
    """The commands that test, told to run the tests of these paths only where that can be said."""
    return tuple(_narrowed(each, paths) for each in commands if not each.compiles)


def proved(
    verdict: Verdict,
    new: Collection[str],
    base: Sequence[CommandRun],
    before: Sequence[CommandRun],
) -> Verdict:
    """The verdict with what the tests `new` did in `before`, the runs of the base with them."""
    there: Mapping[str, str] = {test: o for run in before for test, o in run.tests.items()}
    known = {test for run in base for test in run.tests}
    told = [test for test in verdict.passed if test in new]
    return replace(
        verdict,
        proofs=tuple(test for test in told if there.get(test) == "failed"),
        unproven=tuple(t for t in told if there.get(t) == "passed" and t not in known),
        seconds=verdict.seconds + sum(run.spent for run in before),
    )


def _narrowed(command: GateCommand, paths: Collection[str]) -> GateCommand:
    inside = [path for path in paths if not command.folder or path.startswith(f"{command.folder}/")]
    if not command.narrow or not inside:
        return command
    files = [posixpath.relpath(path, command.folder or ".") for path in inside]
    return replace(command, argv=(*command.narrow, *files))
