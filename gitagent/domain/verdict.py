"""What the gate found out about one tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

VerdictKind = Literal["pass", "fail", "none", "weakened"]
TestOutcome = Literal["passed", "failed", "skipped"]
# fmt: off
Reads = Literal[
    "exit-code", "compileall", "tsc", "pytest", "unittest", "junit", "jest", "lines", "tap",
    "cargo", "go", "mix",
]
# fmt: on


@dataclass(frozen=True)
class Bring:
    """A file or folder of this machine that a command needs beside the tree.

    `path` is absolute. It is seen at `at`, which lies below the tree's root; where that is empty,
    at its own place. One to `read` is read-only; into `scratch` a command may write, and nothing of
    that stays.
    """

    path: str
    at: str = ""
    how: Literal["read", "scratch"] = "read"


@dataclass(frozen=True)
class GateCommand:
    """One command of the gate; `argv` runs in `folder`, a path below the exported tree's root.

    `reads` names how test results are read from it (gates/results.py), or that there are none to
    read. `env` are variables that it needs, `brings` what it needs from outside of git; in `argv`,
    `narrow` and `env`, `{results}` stands for the folder that its report goes to, `{tree}` for the
    exported tree's root, as the command sees them. What compiles is run before what tests.
    `package` is the folder of the package that it is about, `uses` are those of the packages of
    this tree which that one depends on: it has to run where one of these changes. `narrow` is an
    `argv` that runs some of its tests only, once their files are appended, relative to `folder`;
    empty where it cannot be told so. `tool` says in words what runs, with its version where that is
    known.
    """

    name: str
    argv: tuple[str, ...]
    reads: Reads = "exit-code"
    folder: str = ""
    env: tuple[tuple[str, str], ...] = ()
    brings: tuple[Bring, ...] = ()
    stage: Literal["compile", "test"] = "test"
    package: str = ""
    uses: tuple[str, ...] = ()
    narrow: tuple[str, ...] = ()
    tool: str = ""

    @property
    def compiles(self) -> bool:
        return self.stage == "compile" or self.reads == "compileall"


@dataclass(frozen=True)
class CommandRun:
    """One command as it ran on one tree; `tests` maps a test id to its outcome.

    `flaky` are tests that failed and, when the same was run once more, passed: they count as
    passed. Those that failed again are in `twice`. `ended` names the limit that ended the command.
    `known` says that nothing was run, for the same had been run on the same tree before; `seconds`
    are those of then. Of a `partial` run, only the tests that it names were run. Where `left` says
    why, the command was not run at all. `late` is a run on the base for which there was no need
    before some tree had to be judged beside it.
    """

    name: str
    exit_code: int | None
    output: str
    seconds: float
    timed_out: bool = False
    tests: dict[str, TestOutcome] = field(default_factory=dict)
    flaky: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    ended: str = ""
    known: bool = False
    partial: bool = False
    left: str = ""
    late: bool = False

    @property
    def failed(self) -> bool:
        return not self.left and (self.timed_out or self.exit_code != 0)

    @property
    def spent(self) -> float:
        """The seconds that it took now."""
        return 0.0 if self.known else self.seconds


@dataclass(frozen=True)
class Verdict:
    """A tree against the gate, beside the base's own run.

    The lists hold test ids: `passed` all that pass now, `fixed` those that did not pass on the
    base, `broken` those that fail now and did not fail on the base, `still_failing` those that
    fail on both, `skipped`, `vanished` those that ran on the base and do not now, and `flaky` those
    that failed and passed when they were run again. `reason` is one sentence, `output` the trimmed
    output that a person or a model needs to repair it. `known` says that nothing had to be run to
    find it out.

    `weakened` says, as `path:line: what`, how the tree takes something away from what decides about
    it, `noted` what else a reviewer ought to see. `proofs` are new tests that fail on the base and
    pass now; those in `unproven` pass on the base, too.
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
    known: bool = False
    flaky: tuple[str, ...] = ()
    weakened: tuple[str, ...] = ()
    noted: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """In one line: the kind, the reason, and whether it was found out now."""
        said = f"{self.kind}: {self.reason}" if self.reason else self.kind
        return f"{said} (known already)" if self.known else said

    @property
    def acceptable(self) -> bool:
        """True where a checkpoint may be made of the tree: nothing to run is not a failure."""
        return self.kind in ("pass", "none")


UNCHECKED = Verdict("none", "it came from elsewhere and was not checked here yet")
"""Of a tree that only somebody else's gate has seen."""
