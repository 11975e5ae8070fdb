"""Tests that fail are run once more: what passes then is flaky, and blocks nobody.

By themselves first, for that is short where they are broken. One that passes by itself may still
fail because of what runs beside it, so that it has to pass in a second run of the same, too. Only
what a change may have broken is worth all this, and only a few at once: a tree that fails in many
places is broken, and so is one in which nothing passes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from gitagent.domain.context import is_test
from gitagent.domain.verdict import CommandRun, GateCommand, TestOutcome
from gitagent.gates.compare import compare
from gitagent.gates.nearest import arguments

MOST = 20
LONG_S = 30.0
"""What the base may take to be run whole for a second time."""


def suspects(run: CommandRun, before: CommandRun | None) -> tuple[str, ...]:
    """The tests that passed on the base and fail now; none where they are too many."""
    if before is None:
        return ()
    return _few(test for test in _failed(run) if before.tests.get(test) == "passed")


def worse(run: CommandRun, before: CommandRun | None) -> bool:
    """Whether a test fails that did not fail on the base."""
    return bool(compare(before.tests if before else {}, run.tests).broken)


def suspects_on_base(run: CommandRun) -> tuple[str, ...]:
    """The tests that fail on the base; none where too many do, or no test passes."""
    return _few(_failed(run)) if "passed" in run.tests.values() else ()


def alone(
    command: GateCommand, tests: Sequence[str], paths: Collection[str]
) -> tuple[str, ...] | None:
    """What to append to `command.narrow` to run these tests; None where it must run whole.

    Their ids begin with the path of a file of the tree or, as in Go, with the name of a package,
    which ends with that of its folder.
    """
    if not command.narrow:
        return None
    files: list[str] = []
    for name in dict.fromkeys(test.partition("::")[0] for test in tests):
        found = [name] if name in paths else _in_package(name, command.package, paths)
        if not found:
            return None
        files += found
    return arguments(command, files)


def broken(run: CommandRun, alone: CommandRun, tests: Sequence[str]) -> CommandRun:
    """The run, with those of `tests` named that failed by themselves, too."""
    if not _ended_well(alone):
        return run
    failed = tuple(test for test in tests if alone.tests.get(test) == "failed")
    seconds = run.seconds + alone.seconds
    return replace(run, twice=(*run.twice, *failed), seconds=seconds, known=False)


def settled(run: CommandRun, second: CommandRun, tests: Sequence[str]) -> CommandRun:
    """The run, in which those of `tests` count as passed that have passed in a second one."""
    if not _ended_well(second):
        return run
    flaky = tuple(test for test in tests if second.tests.get(test) == "passed")
    passed: dict[str, TestOutcome] = dict.fromkeys(flaky, "passed")
    outcomes = run.tests | passed
    # the exit code spoke of these tests, if there is nothing else against the run
    excused = second.exit_code == 0 or "failed" in second.tests.values()
    content = bool(flaky) and excused and "failed" not in outcomes.values()
    return replace(
        run,
        tests=outcomes,
        exit_code=0 if content else run.exit_code,
        flaky=(*run.flaky, *flaky),
        twice=(*run.twice, *(test for test in tests if test not in flaky)),
        seconds=run.seconds + second.seconds,
        known=False,
    )


def _ended_well(run: CommandRun) -> bool:
    return not run.timed_out and not run.ended and run.exit_code is not None


def _failed(run: CommandRun) -> Sequence[str]:
    done = set(run.twice)
    return [test for test, outcome in run.tests.items() if outcome == "failed" and test not in done]


def _few(tests: Iterable[str]) -> tuple[str, ...]:
    found = tuple(tests)
    return found if len(found) <= MOST else ()


def _in_package(name: str, root: str, paths: Collection[str]) -> list[str]:
    """The test files of the folder that a package is in, the deepest which its name ends with."""
    tests: dict[str, list[str]] = {}
    for path in paths:
        if is_test(path):
            tests.setdefault(path.rpartition("/")[0], []).append(path)
    parts = name.split("/")
    for start in range(len(parts) + 1):
        folder = "/".join(filter(None, [root, *parts[start:]]))
        if folder in tests:
            return sorted(tests[folder])
    return []
