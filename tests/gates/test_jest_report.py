"""The JSON report of jest and vitest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gitagent.gates.jest_report import parse

# As jest 30 and vitest 4 wrote it, shortened.
FILES: list[dict[str, Any]] = [
    {
        "name": "/tree/src/a.test.ts",
        "status": "failed",
        "message": "",
        "assertionResults": [
            {"ancestorTitles": ["d", "e"], "title": "good", "status": "passed"},
            {"ancestorTitles": ["d"], "title": "bad", "status": "failed"},
            {"ancestorTitles": [], "title": "left", "status": "pending"},
            {"ancestorTitles": [], "title": "later", "status": "todo"},
            {"ancestorTitles": [""], "title": "twice", "status": "failed"},
            {"ancestorTitles": [], "title": "twice", "status": "passed"},
        ],
    },
    {
        "name": "/tree/src/b.test.ts",
        "status": "failed",
        "message": "SyntaxError: x",
        "assertionResults": [],
    },
    {
        "name": "/tree/src/c.test.ts",
        "status": "failed",
        "message": "Error in afterAll",
        "assertionResults": [{"ancestorTitles": [], "title": "good", "status": "passed"}],
    },
]


def test_each_test_has_an_outcome() -> None:
    """By file, suites and name; a file that fails beside its tests is one of its own."""
    assert parse(json.dumps({"testResults": FILES}).encode()) == {
        "/tree/src/a.test.ts::d > e > good": "passed",
        "/tree/src/a.test.ts::d > bad": "failed",
        "/tree/src/a.test.ts::left": "skipped",
        "/tree/src/a.test.ts::later": "skipped",
        "/tree/src/a.test.ts::twice": "failed",
        "/tree/src/b.test.ts": "failed",
        "/tree/src/c.test.ts::good": "passed",
        "/tree/src/c.test.ts": "failed",
    }


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{", b"null", b"[1]", b'"x"', b"\xff\xfe", b"[" * 200_000, b'{"testResults": 3}'),
        *(b'{"testResults": [1, null, {}]}', b'{"testResults": [{"assertionResults": {"a": 1}}]}'),
    ],
)
def test_what_no_runner_writes_says_nothing(data: bytes) -> None:
    """A test may write the file itself, and a run may end before it is whole."""
    assert parse(data) == {}


def test_an_outcome_that_is_not_known_is_no_success() -> None:
    """It counts as not run."""
    test = {"ancestorTitles": None, "title": 3, "status": ["passed"]}
    data = json.dumps({"testResults": [{"name": "a", "assertionResults": [test]}]})
    assert parse(data.encode()) == {"a::3": "skipped"}
