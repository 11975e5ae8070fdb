"""Reads JUnit XML, pytest's or another's: one outcome per test id. A test may forge the file.

Read with expat itself: a document type (and with it every entity) is refused where it begins.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping, Sequence
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
_NOT_RUN = ("notrun", "disabled", "skipped", "ignored")
_AT_LINE = re.compile(r":\d+$")
_DEEPEST = 20
_NO_PLACE = ("", "test", "tests", "root", "undefined")


def read_report(report: Path, *, general: bool = False) -> dict[str, TestOutcome]:
    """Outcomes by test id; none where there is no report, or none that can be trusted.

    `general` reads the report of any tool, else it is pytest's.
    """
    return parse(content(report), general=general)


def content(report: Path) -> bytes:
    """The bytes of a file that a test may have written; none where it is no file, or too large."""
    try:
        # A test may have put a link, a pipe or a device in its place.
        descriptor = os.open(report, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return _content(descriptor)
    finally:
        os.close(descriptor)


def _content(descriptor: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
        return b""
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read(LARGEST)


def parse(data: bytes, *, general: bool = False) -> dict[str, TestOutcome]:
    """Outcomes by test id out of a report's bytes; none at all where it is not well-formed."""
    reading = _Reading(identify_any if general else lambda attributes, _: identify(attributes))
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
    """A report that no test runner writes."""


def _refuse(*declaration: object) -> None:
    raise _Untrusted


class _Reading:
    def __init__(self, identified: Callable[[Mapping[str, str], Sequence[str]], str]) -> None:
        self.tests: dict[str, TestOutcome] = {}
        self._identified = identified
        self._suites: list[str] = []
        self._current: str | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "testsuite":
            self._suites.append(attributes.get("name", ""))
        elif tag == "testcase":
            self._current = self._identified(attributes, self._suites)
            ran = attributes.get("status", "") not in _NOT_RUN
            self._note("passed" if ran else "skipped")
        elif tag in _OUTCOMES:
            self._note(_OUTCOMES[tag])

    def end(self, tag: str) -> None:
        if tag == "testsuite":
            self._suites.pop()
        elif tag == "testcase":
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


def identify_any(attributes: Mapping[str, str], suites: Sequence[str]) -> str:
    """`place::name` for a testcase of any tool, in suites of these names, the outermost first.

    The place is the file where it is said, with the class below it where that says more; else the
    class, else the suites.
    """
    name = attributes.get("name", "")
    file = _AT_LINE.sub("", attributes.get("file", ""))
    place = attributes.get("classname", "")
    if place in _NO_PLACE:
        inner = [suite for suite in suites[:_DEEPEST] if suite and suite != file]
        place, name = (inner[0] if inner else ""), " > ".join([*inner[1:], name])
    if file and (place == file or place == _dotted(file) or name.startswith(f"{place} ")):
        place = ""
    return "::".join(part for part in (file, place, name) if part)


def _dotted(file: str) -> str:
    return file.rpartition(".")[0].replace("/", ".")


def _parts(dotted: str) -> list[str]:
    return [part for part in dotted.split(".") if part]
