"""What a source file says of tests: which there are, and what could make them say too much.

It is read off the syntax and never run. A reader that does not know a language sees nothing in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

MarkKind = Literal["silence", "exit", "leave", "runner", "odd", "patch"]


@dataclass(frozen=True)
class Case:
    """One test: its name with the groups that it stands in, its line from 1, its assertions.

    Those that hold whatever the program does (`assert True`) are not counted. `text` is the test
    itself, in which only single spaces are left.
    """

    name: str
    line: int
    asserts: int
    text: str

    @property
    def last(self) -> str:
        """Its own name, without the groups."""
        return self.name.rpartition(".")[2]

    @property
    def body(self) -> str:
        """What it does, whatever it is called."""
        return self.text.replace(self.last, "_")


@dataclass(frozen=True)
class Mark:
    """A place that can make a result say less than it seems to.

    `silence` keeps a test from running or from counting; `exit` ends the process at once and may
    call that a success, `leave` does so in a way that a test runner notices; `runner` reaches for
    the test runner itself; `odd` could, by a way on which syntax cannot follow, and `patch` changes
    something of another module at import. `case` is the test
    that it is about, `inside` the function that it stands in; what is in none is done at import.
    """

    kind: MarkKind
    text: str
    line: int
    case: str = ""
    inside: str = ""
    at_import: bool = False


@dataclass(frozen=True)
class Inline:
    """Tests that stand within a source file, as bytes from `start` to `end`."""

    name: str
    start: int
    end: int


@dataclass(frozen=True)
class Suite:
    """All that one file says."""

    cases: tuple[Case, ...] = ()
    marks: tuple[Mark, ...] = ()
    inline: tuple[Inline, ...] = ()


SuiteReader = Callable[[str, bytes], Suite]
"""Reads a file, given its path and its content."""
