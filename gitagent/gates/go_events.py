"""Reads what the go program says of a module: its errors, and the events of `go test -json`.

The events go to a file of their own, for there are many, and what a person or a model has to read
of them is the little that failed.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gitagent.domain.verdict import TestOutcome

COMPILE = "compile::"
EVENTS = "go-test.json"

_LARGEST = 200_000_000
_KEPT_CHARS = 20_000
_PROBLEM = re.compile(r"^(?:vet: )?(?P<path>[^\s:][^:\n]*\.\w+):\d+(?::\d+)?: ", re.MULTILINE)
_NOT_BUILT = re.compile(r"^FAIL\s+(?P<package>\S+) \[(?:build|setup) failed\]", re.MULTILINE)
_ENDS: dict[str, TestOutcome] = {"pass": "passed", "fail": "failed", "skip": "skipped"}
_IN_A_LINE = re.compile(r"--- (?P<word>PASS|FAIL|SKIP): (?P<test>\S+) \(\d")


def parse(output: str, results: Path, folder: str = "") -> dict[str, TestOutcome]:
    """Outcomes by test id: `example.com/m/pkg::TestA/sub`; a file that does not compile is
    `compile::PATH`, a package whose tests fail or end as a whole its import path.

    `folder` is where the program ran, `results` the folder where the events may be.
    """
    packages = _packages(results)
    tests: dict[str, TestOutcome] = {}
    for text in (output, *(package.built for package in packages.values())):
        for problem in _PROBLEM.finditer(text):
            path = posixpath.normpath(posixpath.join(folder, problem["path"]))
            tests[COMPILE + path] = "failed"
    for name, package in packages.items():
        for test, outcome in package.outcomes():
            tests[f"{name}::{test}" if test else name] = outcome
    for failed in _NOT_BUILT.finditer(output):
        tests[failed["package"]] = "failed"
    return tests


def readable(output: str, results: Path) -> str:
    """The output together with what the failing tests and packages said."""
    parts = [output.rstrip("\n")] if output.strip() else []
    for name, package in _packages(results).items():
        said = [part for part in (package.built, *package.failures()) if part.strip()]
        if said:
            parts.append("\n".join([f"# {name}", *(part.rstrip("\n") for part in said)]))
    return "\n".join(parts) + "\n" if parts else output


@dataclass
class _Test:
    """One test that was started: how it ended, as an event says or as it said itself."""

    end: TestOutcome | None = None
    said: TestOutcome | None = None
    output: list[str] = field(default_factory=list)


@dataclass
class _Package:
    """The tests of one package by name, and the package's own end and output."""

    tests: dict[str, _Test] = field(default_factory=dict)
    started: bool = False
    end: TestOutcome | None = None
    output: list[str] = field(default_factory=list)
    built: str = ""

    def hear(self, event: dict[str, Any]) -> None:
        action, name = event.get("Action"), event.get("Test")
        text = event.get("Output")
        if not isinstance(name, str):
            self.started = True
            if action == "output" and isinstance(text, str):
                self.output.append(text)
            self.end = _ENDS.get(str(action), self.end)
        elif action == "run":
            self.tests[name] = _Test()
        # Before Go 1.20, a line that a test prints can pass for the end of one that never ran.
        elif name in self.tests:
            test = self.tests[name]
            if action == "output" and isinstance(text, str):
                test.output.append(text)
                line = _IN_A_LINE.search(text)
                if line and line["test"] == name:
                    test.said = _ENDS[line["word"].lower()]
            elif test.end != "failed":
                test.end = _ENDS.get(str(action), test.end)
                if test.end == "passed":
                    test.output.clear()

    def outcomes(self) -> Iterator[tuple[str, TestOutcome]]:
        """Of each test and, under an empty name, of the package where it fails as a whole."""
        failed = False
        for name, test in self.tests.items():
            outcome = self._of(test)
            failed = failed or outcome == "failed"
            yield name, outcome
        # A program that ends itself ends without a word on its package.
        cut_off = bool(self.tests) and self.end is None
        if cut_off or (self.end == "failed" and not failed):
            yield "", "failed"

    def failures(self) -> Iterator[str]:
        failing = [test for test in self.tests.values() if self._of(test) == "failed"]
        for test in failing:
            yield _short("".join(line for line in test.output if not line.startswith("===")))
        if self.end == "failed" and not failing:
            yield _short("".join(self.output))
        if self.tests and self.end is None:
            yield "The test program ended before it had run all its tests."

    def _of(self, test: _Test) -> TestOutcome:
        if test.end or test.said:
            return test.end or test.said or "failed"
        return "passed" if self.end == "passed" else "failed"


def _packages(results: Path) -> dict[str, _Package]:
    packages: dict[str, _Package] = {}
    for event in _events(results / EVENTS):
        if "Package" in event:
            packages.setdefault(str(event["Package"]), _Package()).hear(event)
        elif event.get("Action") == "build-output" and isinstance(event.get("Output"), str):
            name = str(event.get("ImportPath")).partition(" ")[0]
            package = packages.setdefault(name, _Package())
            if not event["Output"].startswith("# "):
                package.built += event["Output"]
    return packages


def _events(file: Path) -> Iterator[dict[str, Any]]:
    """The events in a file; the program writes some lines that are none between them."""
    try:
        if file.is_symlink() or not file.is_file() or file.stat().st_size > _LARGEST:
            return
        with file.open(encoding="utf-8", errors="replace") as lines:
            yield from _decoded(lines)
    except OSError:
        return


def _decoded(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        if not line.startswith("{"):
            package = _NOT_BUILT.match(line)
            if package:
                yield {"Package": package["package"], "Action": "fail"}
            continue
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event


def _short(text: str) -> str:
    if len(text) <= _KEPT_CHARS:
        return text
    half = _KEPT_CHARS // 2
    return f"{text[:half]}\n[… {len(text) - 2 * half} characters left out …]\n{text[-half:]}"
