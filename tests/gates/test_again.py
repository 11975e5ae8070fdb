"""Which tests have a second try, and what comes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gitagent.domain.verdict import CommandRun, GateCommand, TestOutcome
from gitagent.gates.again import (
    MOST,
    alone,
    broken,
    settled,
    suspects,
    suspects_on_base,
    worse,
)

NARROW = GateCommand("x", ("x",), narrow=("x",))
PATHS = {
    "tests/test_a.py",
    "tests/test_b.py",
    "web/a.test.ts",
    "internal/store/store.go",
    "internal/store/store_test.go",
    "store/other_test.go",
    "main_test.go",
}


def run(exit_code: int | None = 1, **tests: TestOutcome) -> CommandRun:
    return CommandRun("x", exit_code, "", 1.0, tests=tests)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("command", "tests", "expected"),
    [
        (NARROW, ["tests/test_a.py::test_1", "tests/test_a.py::B::test_2"], ("tests/test_a.py",)),
        (NARROW, ["web/a.test.ts::a > b"], ("web/a.test.ts",)),
        (replace(NARROW, folder="web"), ["web/a.test.ts::a > b"], ("a.test.ts",)),
        (NARROW, ["example.com/x/internal/store::TestPut"], ("internal/store/store_test.go",)),
        (NARROW, ["example.com/x::TestMain"], ("main_test.go",)),
        (NARROW, ["tests/test_a.py::test_1", "tests.test_c.T.test_2"], None),
        (replace(NARROW, package="none"), ["example.com/y/z::TestPut"], None),
        (GateCommand("make", ("make",)), ["tests/test_a.py::test_1"], None),
    ],
    ids=str,
)
def test_a_test_is_run_alone_by_its_file(
    command: GateCommand, tests: list[str], expected: tuple[str, ...] | None
) -> None:
    """Or, in Go, by the files of its package; else everything has to run."""
    if expected is None and "tests.test_c.T.test_2" in tests:
        paths = PATHS - {"main_test.go"}
    else:
        paths = PATHS
    assert alone(command, tests, paths) == expected


def test_only_what_passed_on_the_base_is_a_suspect() -> None:
    """Not what is new, failed before, or had its second try."""
    now = replace(run(a="failed", b="failed", c="failed", d="passed", e="failed"), twice=("e",))
    base = run(a="passed", b="failed", d="passed", e="passed")
    assert suspects(now, base) == ("a",)
    assert suspects(now, None) == ()


def test_many_are_no_chance() -> None:
    """Nor are all."""
    names = [f"t{n}" for n in range(MOST + 1)]
    base = run(**dict.fromkeys(names, "passed"))
    assert suspects(run(**dict.fromkeys(names, "failed")), base) == ()
    assert len(suspects(run(**dict.fromkeys(names[1:], "failed")), base)) == MOST
    assert suspects_on_base(run(a="failed", b="passed")) == ("a",)
    assert suspects_on_base(run(a="failed", b="skipped")) == ()


def test_what_fails_alone_is_broken() -> None:
    """What is not there alone is not known to be."""
    found = broken(run(a="failed", b="failed", c="failed"), run(a="failed", b="passed"), "abc")
    assert (found.twice, found.flaky, found.tests["a"]) == (("a",), (), "failed")


@pytest.mark.parametrize(
    "second",
    [
        replace(run(a="failed"), timed_out=True),
        replace(run(None, a="failed")),
        replace(run(a="passed"), ended="it used too much"),
    ],
    ids=["time", "start", "limit"],
)
def test_a_second_run_that_did_not_end_says_nothing(second: CommandRun) -> None:
    """Neither for nor against a test."""
    first = run(a="failed")
    assert broken(first, second, "a") == first
    assert settled(first, second, "a") == first


@pytest.mark.parametrize(
    ("second", "exit_code"),
    [
        (run(0, a="passed", b="passed"), 0),
        (run(1, a="passed", b="failed"), 0),  # another one failed now, and passed before
        (run(1, a="passed", b="passed"), 1),  # it is discontent with something else
        (run(0, a="skipped", b="passed"), 1),
    ],
    ids=str,
)
def test_the_exit_code_is_forgiven_where_it_spoke_of_flaky_tests(
    second: CommandRun, exit_code: int
) -> None:
    """And of nothing else."""
    assert settled(run(1, a="failed", b="passed"), second, "a").exit_code == exit_code


def test_one_that_fails_still_keeps_the_exit_code() -> None:
    """Whatever became of the other."""
    found = settled(run(1, a="failed", b="failed"), run(1, a="passed", b="failed"), "ab")
    assert (found.exit_code, found.flaky, found.twice) == (1, ("a",), ("b",))


def test_worse_is_what_failed_nowhere_on_the_base() -> None:
    """A file that could not be imported there stands for all tests in it."""
    base = CommandRun("x", 1, "", 1.0, tests={"t.py": "failed", "u.py::a": "passed"})
    assert not worse(CommandRun("x", 1, "", 1.0, tests={"t.py::a": "failed"}), base)
    assert worse(CommandRun("x", 1, "", 1.0, tests={"u.py::a": "failed"}), base)
    assert worse(CommandRun("x", 1, "", 1.0, tests={"n.py::a": "failed"}), None)
