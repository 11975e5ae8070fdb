"""Reads what `python -m unittest -v` prints: one outcome per test id, as far as it can be seen.

Tests print in between, so an outcome may stand lines below its test, or not be found at all. The
blocks of failures at the end are what is certain; a test that was started, is in none of them and
was followed by the summary has passed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitagent.domain.verdict import TestOutcome

_NAMED = r"(?P<name>[\w.]+) \((?P<case>[\w.<>]+)\)"
_HEADER = re.compile(rf"^\s*{_NAMED}(?P<rest>.*)$")
# Before Python 3.11, nothing ends the line of a test whose subtest failed.
_IN_ONE_LINE = re.compile(r" \.\.\. (?=[\w.]+ \([\w.<>]+\)(?: \.\.\. |$))", re.MULTILINE)
_BLOCK = re.compile(rf"^={{70}}\n(?:ERROR|FAIL|UNEXPECTED SUCCESS): {_NAMED}", re.MULTILINE)
_SUMMARY = re.compile(r"^Ran \d+ tests? in ", re.MULTILINE)
_RESULT = re.compile(
    r"(?P<ok>ok)$|(?P<skipped>skipped ['\"].*|expected failure)$|(?:FAIL|ERROR|unexpected success)$"
)
_LOADER = re.compile(r"^unittest\.loader\.(?:_FailedTest|ModuleSkipped)\b\.?")
_FIXTURES = ("setUpClass", "tearDownClass", "setUpModule", "tearDownModule")


def parse(output: str) -> dict[str, TestOutcome]:
    """Outcomes by test id (`tests.test_x.TestA.test_b`).

    What fails for a whole class or module (its fixture, its import) has that class or module for
    an id.
    """
    output = output.replace("\r\n", "\n")
    progress = output.partition("\n" + "=" * 70 + "\n")[0]
    progress = _IN_ONE_LINE.sub(" ... \n", progress)
    ended = bool(_SUMMARY.search(output))
    tests: dict[str, TestOutcome] = {}
    for test, outcome in _progress(progress.splitlines()):
        if outcome is None and ended:
            tests.setdefault(test, "passed")
        elif outcome is not None and tests.get(test) != "failed":
            tests[test] = outcome
    for block in _BLOCK.finditer(output):
        tests[identify(block["name"], block["case"])] = "failed"
    return tests


def identify(name: str, case: str) -> str:
    """One id out of `name (case)`, which Python 3.11 began to write as `name (case.name)`."""
    if name in _FIXTURES:
        return case
    loaded = _LOADER.sub("", case)
    if loaded != case:
        return loaded or name
    return case if case.endswith(f".{name}") else f"{case}.{name}"


def _progress(lines: list[str]) -> Iterator[tuple[str, TestOutcome | None]]:
    """Each test that was started, then its outcome where one is seen."""
    started: str | None = None
    named: str | None = None
    for line in lines:
        header = _HEADER.match(line)
        if header:
            named = identify(header["name"], header["case"])
        if named and " ... " in f"{line} ":
            # The line of the header, or the docstring in the line below it.
            started, named = named, None
            yield started, None
        elif not header:
            named = None
        if started and not named and (outcome := _outcome(line)):
            yield started, outcome
            started = None


def _outcome(line: str) -> TestOutcome | None:
    result = _RESULT.search(line)
    if not result:
        return None
    return "passed" if result["ok"] else "skipped" if result["skipped"] else "failed"
