"""The Test Anything Protocol as ava, tape, node-tap and node write it."""

from __future__ import annotations

import pytest

from gitagent.domain.verdict import TestOutcome
from gitagent.gates.outcome_lines import parse as parse_lines
from gitagent.gates.tap import parse

AVA = """TAP version 13
# a › one
ok 1 - a › one
# a › two
not ok 2 - a › two
  ---
    name: AssertionError
    at: 'ok 9 - not a point'
ok 9 - nor this
  ...
ok 3 - a › left # SKIP
not ok 4 - a › later # TODO

1..4
# tests 3
# pass 1
# fail 1
"""
TAPE = """TAP version 13
# adding
ok 1 should be equal
ok 2 should be equal
# taking away
not ok 3 should be equal
ok 4 #channels are no directive

1..4
# tests 4
"""
NESTED = """> node-tap prints before
TAP version 14
# Subtest: outer
    # Subtest: inner
        ok 1 - deep # time=3.5ms
        1..1
    ok 1 - inner # time=4ms
    not ok 2 - bad
    1..2
not ok 1 - outer
# Subtest: crashed
not ok 2 - crashed
1..2
"""


@pytest.mark.parametrize(
    ("output", "tests"),
    [
        (
            AVA,
            {
                "a › one": "passed",
                "a › two": "failed",
                "a › left": "skipped",
                "a › later": "skipped",
            },
        ),
        (
            TAPE,
            {
                "adding > should be equal": "passed",
                "taking away > should be equal": "failed",
                "taking away > #channels are no directive": "passed",
            },
        ),
        (
            NESTED,
            {"outer > inner > deep": "passed", "outer > bad": "failed", "crashed": "failed"},
        ),
        ("ok 1 - a\nnot ok 2 - b\n", {}),
        ("", {}),
        ("TAP version 13\nBail out!\n", {}),
    ],
    ids=["ava", "tape", "nested", "no TAP", "nothing", "bailed"],
)
def test_points_are_tests(output: str, tests: dict[str, TestOutcome]) -> None:
    """Below their subtests or the comment before them; details are not read as points."""
    assert parse(output) == tests


@pytest.mark.parametrize(
    ("lines", "tests"),
    [
        (b'["passed", "a::b"]\n["failed", "a::c"]\n', {"a::b": "passed", "a::c": "failed"}),
        (b'["failed", "a"]\n["passed", "a"]\n', {"a": "failed"}),
        (b'["passed", "a"]\n["pas', {"a": "passed"}),
        (b'["fine", "a"]\n{"a": 1}\n["passed"]\n["passed", 3]\n[[], "a"]\n\xff\n', {}),
        (b"[" * 100_000, {}),
    ],
)
def test_our_own_reporters_lines(lines: bytes, tests: dict[str, TestOutcome]) -> None:
    """What else stands in the file says nothing; a failure is never taken back."""
    assert parse_lines(lines) == tests
