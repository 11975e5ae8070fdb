"""What does half of what a suite wants is told from what leaves old failures alone."""

from __future__ import annotations

import pytest

from gitagent.domain.verdict import CommandRun, Verdict
from gitagent.gates.unfinished import suite, unfinished


def base(**outcomes: str) -> list[CommandRun]:
    tests = {f"test_a.py::{name}": said for name, said in outcomes.items()}
    return [CommandRun("pytest", 1, "", 0.1, tests=tests)]  # type: ignore[arg-type]


def verdict(fixed: str, failing: str) -> Verdict:
    ids = [tuple(f"test_a.py::{name}" for name in names.split()) for names in (fixed, failing)]
    return Verdict("pass", passed=ids[0], fixed=ids[0], still_failing=ids[1])


def test_a_suite_of_which_most_failed_is_half_done() -> None:
    """Two of four pass now, two do not: those are left."""
    runs = base(a="failed", b="failed", c="failed", d="passed")
    assert unfinished(verdict("a", "b c"), runs) == ("test_a.py::b", "test_a.py::c")


def test_an_old_failure_among_tests_that_pass_blocks_nothing() -> None:
    """One of five was known to fail beside the one that is fixed."""
    runs = base(a="failed", b="failed", c="passed", d="passed", e="passed")
    assert unfinished(verdict("a", "b"), runs) == ()


def test_a_suite_that_the_change_does_not_touch_is_not_its_own() -> None:
    """Nothing in it is fixed, however red it is."""
    runs = base(a="failed", b="failed")
    assert unfinished(verdict("", "a b"), runs) == ()


def test_a_file_that_is_still_to_be_written_is_not_done_by_changing_nothing() -> None:
    """With `every`, a suite is open also where none of it passes yet; green ones stay closed."""
    runs = base(a="failed", b="failed")
    assert unfinished(verdict("", "a b"), runs, every=True) == ("test_a.py::a", "test_a.py::b")
    old = base(a="failed", b="passed", c="passed")
    assert unfinished(verdict("", "a"), old, every=True) == ()


def test_skipped_tests_do_not_make_a_suite_green() -> None:
    """They say nothing of what it wants."""
    runs = base(a="failed", b="failed", c="skipped", d="skipped", e="skipped")
    assert unfinished(verdict("a", "b"), runs) == ("test_a.py::b",)


@pytest.mark.parametrize(
    ("test", "wanted"),
    [
        ("tests/test_a.py::TestA::test_b[1.2-::x]", "tests/test_a.py::TestA"),
        ("a_test.ATest.test_b", "a_test.ATest"),
        ("src/a.test.ts::group > does it. well", "src/a.test.ts"),
        ("pkg/TestA", "pkg"),
        ("alone", ""),
    ],
)
def test_a_suite_is_what_a_test_stands_in(test: str, wanted: str) -> None:
    assert suite(test) == wanted
