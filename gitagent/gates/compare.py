"""Lays a run beside the base's run of the same command, test by test."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gitagent.domain.verdict import TestOutcome

COMPILE_PREFIX = "compile::"
_SEPARATOR = re.compile(r"::|\.")

Tests = Mapping[str, TestOutcome]


@dataclass
class Comparison:
    """Lists of test ids, as in Verdict; `silenced` are those skipped now that ran on the base."""

    passed: list[str] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    still_failing: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    silenced: list[str] = field(default_factory=list)
    vanished: list[str] = field(default_factory=list)

    def __add__(self, other: Comparison) -> Comparison:
        return Comparison(**{name: [*ids, *vars(other)[name]] for name, ids in vars(self).items()})


def compare(base: Tests, now: Tests) -> Comparison:
    """What became of each test.

    A test file that cannot even be imported fails on the base as one id, that of the file. Once it
    can be, there are ids below it instead: those that pass count as fixed.
    """
    found = Comparison()
    for test, outcome in now.items():
        _place(found, test, outcome, _before(test, base))
    below = {above for test in now for above in above_of(test)}
    for test, outcome in base.items():
        if test in now or outcome == "skipped":
            continue
        if test.startswith(COMPILE_PREFIX):
            found.fixed.append(test)
        elif not (outcome == "failed" and test in below):
            found.vanished.append(test)
    return found


def _place(found: Comparison, test: str, outcome: TestOutcome, before: TestOutcome | None) -> None:
    if outcome == "passed":
        found.passed.append(test)
        if before == "failed":
            found.fixed.append(test)
    elif outcome == "failed":
        (found.still_failing if before == "failed" else found.broken).append(test)
    else:
        found.skipped.append(test)
        if before in ("passed", "failed"):
            found.silenced.append(test)


def _before(test: str, base: Tests) -> TestOutcome | None:
    if test in base:
        return base[test]
    return "failed" if any(base.get(above) == "failed" for above in above_of(test)) else None


def above_of(test: str) -> Iterator[str]:
    """The class, module and file that a test id stands in; parameters may hold anything."""
    for separator in _SEPARATOR.finditer(test.partition("[")[0]):
        yield test[: separator.start()]
