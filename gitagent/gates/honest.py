"""Makes the tree that decides: the agent's, with the base's own tests and runner settings.

Who may change a test may make it pass. So what the base has of tests, and of files that tell a
runner what to do, is put back as it was; new tests stay and count beside them, unless something in
them could reach the others. What a change does to the tests is found and named, whatever runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from functools import cached_property

from gitagent.domain.edit import File
from gitagent.domain.suite import Mark, Suite, SuiteReader
from gitagent.domain.verdict import GateCommand
from gitagent.gates.project import LARGEST
from gitagent.gates.settings import steers_otherwise, with_base_settings
from gitagent.gates.splicing import with_base_tests
from gitagent.gates.steering import Steering
from gitagent.gates.weakening import Finding, Trust, in_product, in_tests, taints
from gitagent.ports import Repo, TreeFile

_TELLS_BY_FILE = frozenset({"pytest", "junit", "jest", "lines", "go", "mix"})
_COMPILES = frozenset({"compileall", "tsc"})
_TOOL = re.compile(rb"pytest|unittest|jest|vitest|mocha|node:test|ExUnit|testing")


@dataclass(frozen=True)
class Trial:
    """What a tree is held against: the tree that decides, and what was found on the way.

    `changed` are paths whose content the base's took the place of, `removed` new files that steer
    a runner or reach for it and are left out, `added` new tests that count beside the base's,
    `tests` all tests that are not as on the base, for those who want to run just them, and
    `allowed` what would have been put back, had the user not allowed to change it.
    """

    tree: str
    findings: tuple[Finding, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether it is another tree that decides than the agent's."""
        return bool(self.changed or self.removed)

    @property
    def sure(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.sure)


def deciding(
    repo: Repo,
    base: str,
    tree: str,
    *,
    read: SuiteReader,
    commands: Sequence[GateCommand] = (),
    allow: Sequence[str] = (),
) -> Trial:
    """The trial of a tree whose base is the tree `base`; its own tree decides where it left all
    tests alone. `commands` are the gate's; a file that fits a pattern of `allow` may be changed."""
    changed = repo.changed_paths(base, tree)
    work = _Work(repo, base, tree, read, commands, tuple(changed), tuple(allow))
    for path in changed:
        work.look_at(path)
    return work.trial()


@dataclass
class _Work:
    repo: Repo
    base: str
    tree: str
    read: SuiteReader
    commands: Sequence[GateCommand]
    paths: Sequence[str]
    allow: Sequence[str]
    back: dict[str, File | None] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)
    suites: dict[tuple[str, str], Suite] = field(default_factory=dict)

    def trial(self) -> Trial:
        tree = self.repo.with_files(self.tree, self.back) if self.back else self.tree
        before = self._before
        return Trial(
            tree,
            tuple(sorted(dict.fromkeys(self.findings), key=lambda f: (not f.sure, f.path, f.line))),
            changed=tuple(path for path in self.back if path in before),
            removed=tuple(path for path in self.back if path not in before),
            added=tuple(self.added),
            tests=tuple(self.tests),
            allowed=tuple(self.allowed),
        )

    def look_at(self, path: str) -> None:
        part = self._steering.part(path)
        if part == "runner":
            self._runner(path)
        elif part == "test":
            self._test(path)
        else:
            self._product(path)

    def _runner(self, path: str) -> None:
        is_new, is_gone = path not in self._before, path not in self._now
        what = "new" if is_new else "deleted" if is_gone else "changed"
        what = f"steers the tests and is {what}"
        # where there is no test yet, there is none whose runner could be misled
        self._found(Finding(path, 0, what, sure=self._has_tests or not is_new))
        self._put_back(path, self._file(self.base, path))

    def _test(self, path: str) -> None:
        before, now = self._suite(self.base, path), self._suite(self.tree, path)
        if self._file(self.tree, path) is not None:
            self.tests.append(path)
        if path in self._before:
            if not before.cases and self._file(self.tree, path) is None:
                self._found(Finding(path, 0, "is deleted", sure=False))
            for finding in in_tests(path, before, now, self._moved):
                self._found(finding)
            self._put_back(path, self._file(self.base, path))
            return
        tainted = [mark for mark in now.marks if taints(mark)]
        if module := self._shadowed(path):
            self._shadow(path, module)
        elif tainted:
            for mark in tainted:
                what = f"`{mark.text}` in a new test can reach the others"
                self._found(Finding(path, mark.line, what, sure=False))
            self._put_back(path, None)
        else:
            self.added.append(path)

    def _product(self, path: str) -> None:
        base, now = self._file(self.base, path), self._file(self.tree, path)
        before, after = base.data if base else None, now.data if now else None
        if module := self._shadowed(path):
            self._shadow(path, module)
        elif steers_otherwise(path, before, after, self._steering.starts):
            self._found(Finding(path, 0, "what it says of tests is changed"))
            data = with_base_settings(path, before, after)
            kept = base or now or File(b"")
            self._put_back(path, None if data is None else replace(kept, data=data))
        elif path.endswith(".rs") and before is not None:
            self._inline(path, before, now)
        suite = self._suite(self.tree, path)
        if suite.marks:
            trust = replace(self._trust, is_tool=self._is_tool(path)) if _reaching(suite) else None
            for finding in in_product(path, self._marks, suite, trust or self._trust):
                self._found(finding)

    def _inline(self, path: str, before: bytes, now: File | None) -> None:
        """Rust's tests stand in the file that they test: the base's take their place in it."""
        base, after = self._suite(self.base, path), self._suite(self.tree, path)
        for finding in in_tests(path, base, after, self._moved):
            self._found(finding)
        data = with_base_tests(before, base.inline, now.data, after.inline) if now else None
        if now and data is not None and data != now.data:
            self.tests.append(path)
            self._put_back(path, replace(now, data=data))

    def _shadow(self, path: str, module: str) -> None:
        self._found(Finding(path, 0, f"stands in the place of the module `{module}`"))
        self._put_back(path, None)

    def _shadowed(self, path: str) -> str:
        return self._steering.shadows(path, self._now)

    def _found(self, finding: Finding) -> None:
        self.findings.append(finding.allowed if self._may(finding.path) else finding)

    def _put_back(self, path: str, file: File | None) -> None:
        if self._may(path):
            self.allowed.append(path)
        # a link or a submodule of the base is none of a model's making, and stays as it is
        elif file is not None or path not in self._before:
            self.back[path] = file

    def _may(self, path: str) -> bool:
        return any(fnmatch(path, pattern) for pattern in self.allow)

    def _file(self, tree: str, path: str) -> File | None:
        return self.repo.file(tree, path)

    def _suite(self, tree: str, path: str) -> Suite:
        if (tree, path) not in self.suites:
            file = self._file(tree, path)
            self.suites[tree, path] = self.read(path, file.data) if file else Suite()
        return self.suites[tree, path]

    def _is_tool(self, path: str) -> bool:
        """Whether code of the base deals with test runners already, in the language of a path."""
        suffix = path[path.rfind(".") :]
        for known in self._before.values():
            if not known.path.endswith(suffix) or known.size > LARGEST:
                continue
            if self._steering.part(known.path) != "product":
                continue
            data = self.repo.read(known.blob)
            if _TOOL.search(data) and _reaching(self.read(known.path, data)):
                return True
        return False

    @cached_property
    def _before(self) -> Mapping[str, TreeFile]:
        return {file.path: file for file in self.repo.files(self.base)}

    @cached_property
    def _now(self) -> frozenset[str]:
        return frozenset(file.path for file in self.repo.files(self.tree))

    @cached_property
    def _steering(self) -> Steering:
        scripts = self._file(self.base, "package.json")
        said = scripts.data.decode(errors="replace") if scripts and self.commands else ""
        return Steering(frozenset(self._before), self.commands, said)

    @cached_property
    def _has_tests(self) -> bool:
        return any(self._steering.part(path) == "test" for path in self._before)

    @cached_property
    def _marks(self) -> Sequence[Mark]:
        """Of everything that is changed, as it was on the base: code moves between files."""
        return [mark for path in self.paths for mark in self._suite(self.base, path).marks]

    @cached_property
    def _moved(self) -> frozenset[str]:
        """Names and bodies of tests that are in files where the base does not have them."""
        found: set[str] = set()
        for path in self.paths:
            known = {case.name for case in self._suite(self.base, path).cases}
            inside = self._steering.is_test(path) or path.endswith(".rs")
            new = self._suite(self.tree, path).cases if inside else ()
            for case in (case for case in new if case.name not in known):
                # one that asserts nothing takes the place of none by its name alone
                found |= {case.last, case.body} if case.asserts else {case.body}
        return frozenset(found)

    @cached_property
    def _trust(self) -> Trust:
        testing = (each for each in self.commands if not each.compiles)
        tests = [each.reads for each in testing if each.reads not in _COMPILES]
        by_file = any(reads in _TELLS_BY_FILE for reads in tests)
        single = any(reads != "exit-code" for reads in tests)
        return Trust(hard=by_file or not tests, soft=single or not tests)


def _reaching(suite: Suite) -> bool:
    return any(mark.kind == "runner" for mark in suite.marks)
