"""Reads what our own reporters write for runners that have no report fit for it: a line a test.

A line is a JSON list of an outcome and an id. Half a file is the beginning of a run that was ended,
and says as much as it says.
"""

from __future__ import annotations

import json

from gitagent.domain.verdict import TestOutcome

_GRAVITY: tuple[TestOutcome, ...] = ("passed", "skipped", "failed")


def parse(data: bytes) -> dict[str, TestOutcome]:
    """Outcomes by test id; lines of another form say nothing."""
    tests: dict[str, TestOutcome] = {}
    for line in data.splitlines():
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if not (isinstance(found, list) and len(found) == 2 and isinstance(found[1], str)):
            continue
        outcome, test = found
        if outcome in _GRAVITY:
            tests[test] = max(tests.get(test, "passed"), outcome, key=_GRAVITY.index)
    return tests
