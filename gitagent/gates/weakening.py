"""What a change takes away from the tests that decide about it, as far as the syntax tells.

The tests themselves are decided by running the base's own; what is found here is what no run can
show: a test that is gone, that is skipped or that asserts nothing any more passes, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from gitagent.domain.suite import Case, Mark, Suite

_IMPORTS = ("import", "from", "require", '"', "'", "`", "ExUnit.Case")
_INNER = ("_pytest", "pluggy")
_HOOKS = ("def pytest_", "def load_tests", "pytest_plugins", "collect_ignore", "ExUnit.")
_SCRIPTS = ("__main__.py", "bin/", "scripts/", "cli.js", "cli.ts", "cli.mjs")
_MAIN = "main"


@dataclass(frozen=True)
class Finding:
    """Something a reviewer ought to see, at a line from 1 (0 is the whole file).

    Where it is `sure`, the tree is not green, unless the user has `allowed` that.
    """

    path: str
    line: int
    what: str
    sure: bool = True

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.what}"

    @property
    def allowed(self) -> Finding:
        return replace(self, what=f"{self.what} (allowed)", sure=False)


@dataclass(frozen=True)
class Trust:
    """What may be relied on: whether the project deals with test runners itself (`is_tool`), and
    whether its gate would notice that a process was ended (`hard`) or left (`soft`) too early."""

    is_tool: bool = False
    hard: bool = True
    soft: bool = True


MOVED = "is elsewhere now"


def in_tests(path: str, base: Suite, now: Suite, moved: Collection[str]) -> Iterator[Finding]:
    """What became of the tests of one file; `moved` are names and bodies of tests that are new.

    Of several tests with one name the last counts, as in Python.
    """
    before, after = _by_name(base.cases), _by_name(now.cases)
    for name, case in before.items():
        left = after.get(name)
        if left is not None:
            yield from _fewer(path, case, left)
        elif case.last in moved or case.body in moved:
            yield Finding(path, 0, f"{name} {MOVED}", sure=False)
        else:
            yield Finding(path, 0, f"{name} is deleted")
    for mark in _new(base.marks, now.marks):
        if mark.kind == "silence":
            new = bool(mark.case) and mark.case not in before
            about = f"{mark.case}: " if mark.case else ""
            yield Finding(path, mark.line, f"{about}{mark.text}", sure=not new)
        elif taints(mark):
            yield Finding(path, mark.line, mark.text, sure=mark.kind == "exit" and mark.at_import)


def in_product(path: str, base: Sequence[Mark], now: Suite, trust: Trust) -> Iterator[Finding]:
    """What in other code could fake a success; `base` are the marks of all files on the base."""
    for mark in _new(base, now.marks):
        if mark.kind == "patch":
            continue
        found = Finding(path, mark.line, _said(mark), sure=_is_sure(path, mark, trust))
        if mark.inside != _MAIN or found.sure:
            yield found


def taints(mark: Mark) -> bool:
    """Whether a mark in a new test could change what becomes of the tests beside it."""
    if mark.kind == "silence":
        return mark.text.startswith(_HOOKS)
    if mark.kind == "leave":
        return mark.at_import
    plain = mark.text.startswith(_IMPORTS) and not any(part in mark.text for part in _INNER)
    return not (mark.kind == "runner" and plain)


def _is_sure(path: str, mark: Mark, trust: Trust) -> bool:
    if mark.kind == "runner":
        return not trust.is_tool
    if mark.kind == "exit":
        return mark.at_import or (not trust.hard and mark.inside != _MAIN)
    if mark.kind == "leave":
        script = any(part in f"/{path}" for part in _SCRIPTS)
        return (mark.at_import and not script) or not trust.soft
    return False


def _said(mark: Mark) -> str:
    when = " at import" if mark.at_import else ""
    said = {
        "exit": f"`{mark.text}` ends the process{when}",
        "leave": f"`{mark.text}` ends the process{when}",
        "runner": f"`{mark.text}` reaches for the test runner",
        "odd": f"`{mark.text}` can reach whatever it wants",
        "silence": f"`{mark.text}` keeps a check from running",
    }
    return said[mark.kind]


def _fewer(path: str, before: Case, now: Case) -> Iterator[Finding]:
    if now.asserts >= before.asserts:
        return
    if now.asserts:
        said = f"{now.name} asserts less ({now.asserts}, was {before.asserts})"
        yield Finding(path, now.line, said, sure=False)
    else:
        yield Finding(path, now.line, f"{now.name} asserts nothing any more")


def _new(base: Iterable[Mark], now: Iterable[Mark]) -> Iterator[Mark]:
    """Marks of `now` that are not in `base` as often."""
    left = Counter((mark.kind, mark.text, mark.case) for mark in base)
    for mark in now:
        key = (mark.kind, mark.text, mark.case)
        left[key] -= 1
        if left[key] < 0:
            yield mark


def _by_name(cases: Iterable[Case]) -> dict[str, Case]:
    return {case.name: case for case in cases}
