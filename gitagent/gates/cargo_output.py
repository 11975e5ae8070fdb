"""Reads what cargo and Rust's own test harness print: one outcome per test id.

The harness can write nothing but this text on stable Rust. What tests print past its capture
stands in between, so that a line alone says little: the list of failures and the counts at the end
of each program are held against the lines, and a program that ended before it gave its counts has
failed, whatever its exit code.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from gitagent.domain.verdict import TestOutcome

COMPILE = "compile::"

_PROGRAM = re.compile(
    r"^ +(?:Running (?:unittests )?(?P<path>\S.*?) \((?P<target>\S+)-[0-9a-f]+(?:\.exe)?\)"
    r"|Doc-tests (?P<documented>\S+))$",
    re.MULTILINE,
)
_ERROR = re.compile(r"^error(?:\[\w+\])?: .*$", re.MULTILINE)
_PLACE = re.compile(r"^ *--> (?P<path>.+?):\d+:\d+$", re.MULTILINE)
_GIVEN_UP = re.compile(r"^error: could not compile `(?P<crate>[^`]+)`", re.MULTILINE)
_BEGUN = re.compile(r"^running \d+ tests?$", re.MULTILINE)
_COUNTS = re.compile(
    r"^test result: (?:ok|FAILED)\. (?P<passed>\d+) passed; (?P<failed>\d+) failed;", re.MULTILINE
)
_REPORTED = re.compile(r"^error: (?:test|doctest) failed, to rerun pass ", re.MULTILINE)
_STARTED = re.compile(r"^test (?P<name>\S.*?)(?: - should panic)? \.\.\. ?(?P<rest>.*)$")
_IN_A_LINE = re.compile(r"test (?P<name>\S+)(?: - should panic)? \.\.\. (?P<rest>ok|FAILED)$")
_END = re.compile(r"(?P<passed>ok|bench: .*)(?: <[\d.]+s>)?$|(?P<failed>FAILED)(?: <[\d.]+s>)?$")
_IN_DOCS = re.compile(r"^(?P<path>\S.*?) - (?P<item>.*?) ?\(line (?P<line>\d+)\)")
_FAILURES = "\nfailures:\n"


def parse(output: str, folder: str = "", package: str = "") -> dict[str, TestOutcome]:
    """Outcomes by test id: `src/lib.rs::tests::a`, `tests/cli.rs::help`, `src/lib.rs::doctest add`.

    Paths are the tree's: `folder` is where cargo ran, `package` the folder of the crate tested. A
    file that does not compile is `compile::PATH`, a program that fails as a whole its own path.
    """
    output = output.replace("\r\n", "\n")
    starts = list(_PROGRAM.finditer(output))
    compiled = output[: starts[0].start()] if starts else output
    tests: dict[str, TestOutcome] = dict.fromkeys(_errors(compiled, folder), "failed")
    ends = [*(start.start() for start in starts[1:]), len(output)]
    seen: dict[str, int] = {}
    for start, end in zip(starts, ends, strict=False):
        text = output[start.end() : end]
        if start["documented"]:
            for test, outcome in _documented(text, folder, start["documented"]).items():
                tests[test] = outcome
            continue
        path = posixpath.normpath(posixpath.join(package or folder, start["path"]))
        # Without `-p`, several crates of a workspace have a `src/lib.rs`.
        seen[path] = seen.get(path, 0) + 1
        name = path if seen[path] == 1 else f"{path}#{seen[path]}"
        for test, outcome in _Program.read(text).outcomes(name).items():
            tests[test] = outcome
    return tests


@dataclass
class _Program:
    """What one test program said: outcomes by the harness's names, None where none was seen."""

    said: dict[str, TestOutcome | None] = field(default_factory=dict)
    begun: int = 0
    passed: int = 0
    ended: int = 0
    failed: bool = False

    @classmethod
    def read(cls, text: str) -> _Program:
        program = cls(begun=len(_BEGUN.findall(text)), failed=bool(_REPORTED.search(text)))
        begin = 0
        # The documentation's tests are several programs in one.
        for counts in _COUNTS.finditer(text):
            program.passed += int(counts["passed"])
            program.ended += 1
            program._part(text[begin : counts.start()], ended=True)
            begin = counts.end()
        program._part(text[begin:], ended=False)
        return program

    def _part(self, text: str, *, ended: bool) -> None:
        progress, failures, rest = text.partition(_FAILURES)
        for name, outcome in _progress(progress):
            if self.said.get(name) != "failed":
                self.said[name] = outcome or self.said.get(name)
        if failures and ended:
            # The last of the lists: what the tests had printed stands before it.
            listed = rest.rpartition(_FAILURES)[2].splitlines()
            for line in listed:
                if line.startswith("    "):
                    self.said[line.strip().removesuffix(" - should panic")] = "failed"

    def outcomes(self, path: str) -> dict[str, TestOutcome]:
        """By id, below the program's path, which stands for what fails or passes as a whole."""
        sure = {name: outcome for name, outcome in self.said.items() if outcome}
        unsure = [name for name, outcome in self.said.items() if not outcome]
        passed = sum(outcome == "passed" for outcome in sure.values())
        if self._complete and passed + len(unsure) == self.passed:
            sure |= dict.fromkeys(unsure, "passed")
            passed = self.passed
        tests = {f"{path}::{name}": outcome for name, outcome in sure.items()}
        if not self._complete or passed > self.passed:
            tests[path] = "failed"
        elif not self.begun and not tests:
            # A harness of its own, of which nothing but the exit code is known.
            tests[path] = "failed" if self.failed else "passed"
        elif self.failed and "failed" not in tests.values():
            tests[path] = "failed"
        return tests

    @property
    def _complete(self) -> bool:
        return self.begun == self.ended


def _progress(text: str) -> Iterator[tuple[str, TestOutcome | None]]:
    """Each test that was started and, in its line or one below, its outcome where one is seen."""
    open_ = ""
    for line in text.splitlines():
        started = _STARTED.match(line)
        if started and started["rest"].startswith("ignored"):
            yield started["name"], "skipped"
            continue
        found = started or _IN_A_LINE.search(line)
        if found:
            open_ = found["name"]
            yield open_, None
        end = _END.search(found["rest"] if found else line)
        if open_ and end:
            yield open_, "passed" if end["passed"] else "failed"
            open_ = ""


def _documented(text: str, folder: str, crate: str) -> dict[str, TestOutcome]:
    """Tests in the documentation, which the harness tells apart by their lines.

    A line moves with every edit above it; what stays is the item's name and the order in it.
    """
    program = _Program.read(text)
    placed = [
        (found["path"], found["item"], int(found["line"]), name)
        for name in program.said
        if (found := _IN_DOCS.match(name))
    ]
    names: dict[str, str] = {}
    numbers: dict[str, int] = {}
    for path, item, _, name in sorted(placed):
        path = posixpath.normpath(posixpath.join(folder, path))
        test = f"{path}::doctest {item}".rstrip(" ")
        numbers[test] = numbers.get(test, 0) + 1
        names[name] = test if numbers[test] == 1 else f"{test} #{numbers[test]}"
    whole = f"doctests of {crate}"
    return {
        names.get(test.removeprefix(f"{whole}::"), test): outcome
        for test, outcome in program.outcomes(whole).items()
    }


def _errors(text: str, folder: str) -> Iterator[str]:
    """The files that do not compile, or the crates where no file is named (they do not link).

    What keeps cargo from compiling at all, as a crate that is not there, is no file's error.
    """
    named = list(_ERROR.finditer(text))
    ends = [*(error.start() for error in named[1:]), len(text)]
    found = False
    for error, end in zip(named, ends, strict=False):
        place = _PLACE.search(text, error.end(), end)
        if place:
            found = True
            yield COMPILE + posixpath.normpath(posixpath.join(folder, place["path"]))
    if not found:
        yield from (COMPILE + given_up["crate"] for given_up in _GIVEN_UP.finditer(text))
