"""Reads pytest's JUnit XML: one outcome per test id, from a file that a test may forge.

Read with expat itself: a document type (and with it every entity) is refused where it begins.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from xml.parsers import expat

from gitagent.domain.verdict import TestOutcome

LARGEST = 50_000_000
_OUTCOMES: Mapping[str, TestOutcome] = {
    "failure": "failed",
    "error": "failed",
    "skipped": "skipped",
}
_GRAVITY = ("passed", "skipped", "failed")


def read_report(report: Path) -> dict[str, TestOutcome]:
    """Outcomes by test id; none where there is no report, or none that can be trusted."""
    try:
        # A test may have put a link, a pipe or a device in its place.
        descriptor = os.open(report, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return {}
    try:
        return parse(_content(descriptor))
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
        return b""
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(LARGEST)


def parse(data: bytes) -> dict[str, TestOutcome]:
    """Outcomes by test id out of a report's bytes; none at all where it is not well-formed."""
    reading = _Reading()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, _Untrusted):
        return {}
    return reading.tests


class _Untrusted(Exception):
    """A report that pytest does not write."""


def _refuse(*declaration: object) -> None:
    raise _Untrusted


class _Reading:
    def __init__(self) -> None:
        self.tests: dict[str, TestOutcome] = {}
        self._current: str | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "testcase":
            self._current = identify(attributes)
            self._note("passed")
        elif tag in _OUTCOMES:
            self._note(_OUTCOMES[tag])

    def end(self, tag: str) -> None:
        if tag == "testcase":
            self._current = None

    def _note(self, outcome: TestOutcome) -> None:
        # A test can stand there twice (its teardown, its subtests): the worst counts.
        if self._current is not None:
            known = self.tests.get(self._current, "passed")
            self.tests[self._current] = max(known, outcome, key=_GRAVITY.index)


def identify(attributes: Mapping[str, str]) -> str:
    """pytest's own id (`tests/test_x.py::TestA::test_b[1]`) out of a testcase's attributes.

    `classname` is the dotted path of file and classes, `file` where the test was written: another
    file than the one that runs it, where a test is inherited.
    """
    place, name = attributes.get("classname", ""), attributes.get("name", "")
    file = attributes.get("file", "")
    module = file.removesuffix(".py").replace("/", ".")
    if not place:
        return file if file and module == name.removesuffix(".py") else name.replace(".", "/")
    if file and (place == module or place.startswith(f"{module}.")):
        return "::".join([file, *_parts(place[len(module) + 1 :]), name])
    parts = _parts(place)
    split = next((n for n, part in enumerate(parts) if part[:1].isupper()), len(parts))
    if not split:
        return "::".join([*parts, name])
    return "::".join(["/".join(parts[:split]) + ".py", *parts[split:], name])


def _parts(dotted: str) -> list[str]:
    return [part for part in dotted.split(".") if part]
