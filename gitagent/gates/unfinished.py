"""Which of the base's failing tests a change leaves failing though it is about them.

A test that failed before does not block. But where most of a suite failed, the code that it tests
was still to be written; a change that makes some of its tests pass is half of that. It is taken
where nothing better comes, and is no reason to stop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gitagent.domain.verdict import CommandRun, Verdict

MOST = 0.5
"""Of a suite's tests, those that fail on the base where what it tests is still to be written."""

SEPARATORS = ("::", " > ", ".", "/")


def unfinished(
    verdict: Verdict, base: Sequence[CommandRun], *, every: bool = False
) -> tuple[str, ...]:
    """The tests still failing in suites of which most failed on the base and some pass now or, with
    `every`, whether any does."""
    begun = {suite(test) for test in (verdict.still_failing if every else verdict.fixed)}
    if not begun or not verdict.still_failing:
        return ()
    ran, failed = Counter[str](), Counter[str]()
    for run in base:
        for test, outcome in run.tests.items():
            ran[suite(test)] += outcome != "skipped"
            failed[suite(test)] += outcome == "failed"
    open_ = {name for name in begun if failed[name] >= MOST * ran[name]}
    return tuple(test for test in verdict.still_failing if suite(test) in open_)


def suite(test: str) -> str:
    """The id of a test without its last part: its class, its file or what it is described under."""
    bare = test.partition("[")[0]
    separator = next((each for each in SEPARATORS if each in bare), "")
    return bare.rpartition(separator)[0] if separator else ""
