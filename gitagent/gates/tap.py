"""Reads the Test Anything Protocol out of what a command prints: one outcome per test point.

A point's id is its description, below the subtests that it stands in, or below the comment that
names a test whose points are single assertions.
"""

from __future__ import annotations

import re

from gitagent.domain.verdict import TestOutcome

_VERSION = re.compile(r"^TAP version 1[34]\b", re.MULTILINE)
_POINT = re.compile(r"^(?P<indent> *)(?P<bad>not )?ok\b(?: +\d+)?(?: +-)?(?P<said>.*)$")
_COMMENT = re.compile(r"^(?P<indent> *)# (?P<subtest>Subtest: )?(?P<said>.+)$")
_DIRECTIVE = re.compile(r"(?<!\\)#\s*(?P<word>skip|todo)\b.*$", re.IGNORECASE)
_TIME = re.compile(r"\s*# time=.*$")
_TALLY = re.compile(r"(?:tests|pass|fail|ok|not ok|skip|todo|duration_ms|suites|cancelled)\b")
_GRAVITY = ("passed", "skipped", "failed")


def parse(output: str) -> dict[str, TestOutcome]:
    """Outcomes by test id; none where the output does not say that it is TAP."""
    started = _VERSION.search(output)
    if not started:
        return {}
    reading = _Reading()
    detail = False
    for line in output[started.end() :].splitlines():
        if line.strip() in ("---", "..."):
            detail = line.strip() == "---"
        elif not detail:
            reading.take(line)
    return reading.tests


class _Reading:
    def __init__(self) -> None:
        self.tests: dict[str, TestOutcome] = {}
        self._subtests: dict[int, str] = {}
        self._said = ""

    def take(self, line: str) -> None:
        if point := _POINT.match(line):
            self._point(len(point["indent"]), point["said"].strip(), bool(point["bad"]))
        elif (comment := _COMMENT.match(line)) and not _TALLY.match(comment["said"]):
            self._comment(len(comment["indent"]), comment["said"].strip(), comment["subtest"])

    def _comment(self, indent: int, said: str, subtest: str | None) -> None:
        if subtest:
            kept = {at: name for at, name in self._subtests.items() if at < indent}
            self._subtests = {**kept, indent: said}
        else:
            self._said = said

    def _point(self, indent: int, said: str, bad: bool) -> None:
        directive = _DIRECTIVE.search(said)
        name = _TIME.sub("", said[: directive.start()] if directive else said).strip()
        above = [title for at, title in sorted(self._subtests.items()) if at < indent]
        if name.startswith(self._said):
            self._said = ""  # it named this point and no test
        elif not above:
            above = [self._said]
        test = " > ".join(filter(None, [*above, name]))
        outcome: TestOutcome = "skipped" if directive else "failed" if bad else "passed"
        if test and not self._sums_up(test, outcome):
            self.tests[test] = max(self.tests.get(test, "passed"), outcome, key=_GRAVITY.index)

    def _sums_up(self, test: str, outcome: TestOutcome) -> bool:
        """Whether the point only repeats what those of its subtest said."""
        below = [seen for other, seen in self.tests.items() if other.startswith(f"{test} > ")]
        return bool(below) and (outcome != "failed" or "failed" in below)
