"""What a run of the line works with: its settings, and the parts that stand behind the ports."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gitagent.contest import in_turn
from gitagent.domain.call import Job
from gitagent.domain.rules import Rules
from gitagent.domain.suite import Suite, SuiteReader
from gitagent.domain.task import Task
from gitagent.domain.verdict import CommandRun, GateCommand, Verdict
from gitagent.gates.affected import affected, first, unneeded
from gitagent.gates.decided import judged, none_without_tests, ran_tests
from gitagent.gates.demand import speaks_of_defect
from gitagent.gates.honest import Trial, deciding
from gitagent.gates.judge import judge
from gitagent.gates.kept import KeptRuns
from gitagent.gates.places import Export, Places
from gitagent.gates.proof import base_with_tests, candidates, narrowed, proved
from gitagent.ports import Gate, Index, Log, Model, Repo, Sandbox, Syntax
from gitagent.progress import Tell
from gitagent.stages.gate import gate
from gitagent.stages.unread import NoSyntax


def unread(_path: str, _data: bytes) -> Suite:
    """Where nobody reads what a file says of tests."""
    return Suite()


@dataclass(frozen=True)
class Checks:
    """Implements ports.Gate: which commands, where, and with what.

    `base` is the tree whose own tests decide about others, `allow` are patterns of files that may
    be changed all the same, `read` says what a file has of tests, and `missing` are sentences on
    tests that cannot be run on this machine. Where the base is known, only commands that a change
    touches are run. `places` and `kept` save what was written and found out before.
    """

    repo: Repo
    sandbox: Sandbox
    export: Export
    commands: Sequence[GateCommand]
    scratch: Path
    timeout_s: float
    hide: Callable[[str], str] = str
    base: str = ""
    allow: Sequence[str] = ()
    read: SuiteReader = unread
    missing: Sequence[str] = ()
    places: Places | None = None
    kept: KeptRuns | None = None

    def run(self, tree: str, base: Sequence[CommandRun] | None = None) -> tuple[CommandRun, ...]:
        """The gate's commands on one tree, `base` being what they said of the base."""
        changed = None
        if base is not None and self.base:
            changed = self.repo.changed_paths(self.base, tree)
        return self._run(self.commands, tree, base, changed)

    def begun(self, base: str, about: Callable[[], Sequence[str]]) -> tuple[CommandRun, ...]:
        """The base's runs with which a task begins; `about` gives paths that it may be about.

        Of many packages, those that have such a path; the others' runs are left until `beside`.
        """
        wanted = first(self.commands, about)
        runs = iter(self._run([c for c in self.commands if c in wanted], base, None, None))
        return tuple(next(runs) if c in wanted else unneeded(c) for c in self.commands)

    def beside(self, tree: str, base: Sequence[CommandRun]) -> tuple[CommandRun, ...]:
        """The base's runs with those of all commands that a verdict on `tree` needs."""
        missing = {run.name for run in base if run.left}
        if not missing or not self.base:
            return tuple(base)
        touched = affected(self.commands, self.repo.changed_paths(self.base, tree))
        due = [c for c in touched if c.name in missing]
        found = {run.name: run for run in self._run(due, self.base, None, None)}
        return tuple(
            replace(found[run.name], late=True) if run.name in found else run for run in base
        )

    def verdict(self, tree: str, demand: str, base: Sequence[CommandRun]) -> Verdict:
        """What the gate finds out about a tree, beside the base and the task's text."""
        own = self.run(tree, base)
        if not self.base:
            return judge(demand, base, own)
        trial = deciding(
            self.repo, self.base, tree, read=self.read, commands=self.commands, allow=self.allow
        )
        # where only tests were changed, it is known what the base's own say
        seen = tuple(replace(run, known=True, seconds=0.0) for run in base)
        known = seen if trial.tree == self.base else ()
        found = judged(demand, base, own, trial, lambda: known or self.run(trial.tree, base))
        tests = {command.name for command in self.commands if not command.compiles}
        ran = ran_tests([run for run in own if run.name in tests])
        found = none_without_tests(found, ran, self.missing)
        if not (found.acceptable and trial.tests and speaks_of_defect(demand)):
            return found
        return self._proved(found, trial, tree, base, {run.name for run in own if not run.left})

    def _proved(
        self,
        found: Verdict,
        trial: Trial,
        tree: str,
        base: Sequence[CommandRun],
        ran: Collection[str],
    ) -> Verdict:
        """With what new tests say of the base: of a defect of it, they should say something."""
        new = candidates(found, base)
        commands = narrowed([each for each in self.commands if each.name in ran], trial.tests)
        if not new or not commands:
            return found
        before = base_with_tests(self.repo, self.base, tree, trial.tests, self.read)
        return proved(found, new, base, replace(self, commands=commands).run(before))

    def close(self) -> None:
        """Remove what was kept on the disk for the next tree."""
        if self.places:
            self.places.close()

    def _run(
        self,
        commands: Sequence[GateCommand],
        tree: str,
        base: Sequence[CommandRun] | None,
        changed: Sequence[str] | None,
    ) -> tuple[CommandRun, ...]:
        return gate(
            self.repo,
            self.sandbox,
            tree,
            commands,
            scratch=self.scratch,
            timeout=self.timeout_s,
            export=self.export,
            base=base,
            hide=self.hide,
            places=self.places,
            kept=self.kept,
            changed=changed,
        )

    def hurried(self, seconds: float) -> Checks:
        """The same with so much time for a tree at most."""
        return replace(self, timeout_s=min(self.timeout_s, seconds))


def nothing_said(_tree: str, _paths: Sequence[str], _characters: int) -> tuple[str, ...]:
    """Where no model was asked about folders."""
    return ()


def for_each(model: Model) -> Mapping[Job, Model]:
    """One model for every job of the line."""
    return {"plan": model, "code": model, "repair": model}


@dataclass(frozen=True)
class Line:
    """The parts of one run.

    `models` answer each job of the line: plan, code, repair. `write_patches` takes two commits and
    gives the files it wrote, `others` are the jobs for which another model stands behind the first,
    `hide` takes secrets out of a text that is kept or shown, `folders` says of a
    tree, for one who sees these paths and has room for so many characters, what is known of its
    folders, `side_by_side` asks several questions and gives their answers. `syntax` reads what
    edits have made before the gate does.
    """

    repo: Repo
    log: Log
    index: Index
    models: Mapping[Job, Model]
    checks: Gate
    write_patches: Callable[[str, str], list[Path]]
    tell: Tell
    rules: Rules
    others: Collection[Job] = ()
    hide: Callable[[str], str] = str
    folders: Callable[[str, Sequence[str], int], tuple[str, ...]] = nothing_said
    side_by_side: Callable[[Sequence[Callable[[], Any]]], list[Any]] = in_turn
    syntax: Syntax = field(default_factory=NoSyntax)

    @property
    def model(self) -> Model:
        """The one that writes code: what a prompt may hold follows from it."""
        return self.models["code"]

    @property
    def task(self) -> Task:
        return self.log.state.task
