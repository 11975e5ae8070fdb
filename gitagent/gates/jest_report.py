"""Reads the JSON report of jest, which vitest writes, too: one outcome per test id."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gitagent.domain.verdict import TestOutcome

_OUTCOMES: Mapping[str, TestOutcome] = {"passed": "passed", "failed": "failed"}
_GRAVITY = ("passed", "skipped", "failed")


def parse(data: bytes) -> dict[str, TestOutcome]:
    """Outcomes by `path::describe > name`; none at all where it is no such report.

    A file that could not be loaded, or where something failed outside of its tests, has its path
    for an id.
    """
    tests: dict[str, TestOutcome] = {}
    for test, outcome in _tests(data):
        # Several tests of a file may have one name: the worst counts.
        tests[test] = max(tests.get(test, "passed"), outcome, key=_GRAVITY.index)
    return tests


def _tests(data: bytes) -> Iterator[tuple[str, TestOutcome]]:
    for file in _list(_loaded(data), "testResults"):
        path = str(file.get("name", ""))
        outcomes: list[TestOutcome] = []
        for test in _list(file, "assertionResults"):
            titles = [*_texts(test.get("ancestorTitles")), str(test.get("title", ""))]
            outcomes.append(_OUTCOMES.get(str(test.get("status")), "skipped"))
            yield f"{path}::{' > '.join(filter(None, titles))}", outcomes[-1]
        if path and file.get("status") == "failed" and "failed" not in outcomes:
            yield path, "failed"


def _loaded(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _list(of: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = of.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _texts(found: Any) -> list[str]:
    return [str(each) for each in found] if isinstance(found, list) else []
