"""What the gate found out about one tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

VerdictKind = Literal["pass", "fail", "none"]
TestOutcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class GateCommand:
    """One command of the gate; `argv` runs at the root of the exported tree.

    `reads` names how test results are read from it: a JUnit XML file written by pytest, the
    verbose output of unittest, the error lines of compileall, or not at all.
    """

    name: str
    argv: tuple[str, ...]
    reads: Literal["pytest", "unittest", "compileall", "exit-code"] = "exit-code"


@dataclass(frozen=True)
class CommandRun:
    """One command as it ran on one tree; `tests` maps a test id to its outcome."""

    name: str
    exit_code: int | None
    output: str
    seconds: float
    timed_out: bool = False
    tests: dict[str, TestOutcome] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.timed_out or self.exit_code != 0


@dataclass(frozen=True)
class Verdict:
    """A tree against the gate, beside the base's own run.

    The lists hold test ids: `passed` all that pass now, `fixed` those that did not pass on the
    base, `broken` those that fail now and did not fail on the base, `still_failing` those that
    fail on both, `skipped`, and `vanished` those that ran on the base and do not now. `reason` is
    one sentence, `output` the trimmed output that a person or a model needs to repair it.
    """

    kind: VerdictKind
    reason: str = ""
    passed: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    still_failing: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    output: str = ""
    seconds: float = 0.0

    @property
    def acceptable(self) -> bool:
        """True where a checkpoint may be made of the tree: nothing to run is not a failure."""
        return self.kind != "fail"


UNCHECKED = Verdict("none", "it came from elsewhere and was not checked here yet")
"""Of a tree that only somebody else's gate has seen."""
