"""What a run of the line works with: its settings, and the parts that stand behind the ports."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitagent.domain.call import Job
from gitagent.domain.rules import Rules
from gitagent.domain.task import Task
from gitagent.domain.verdict import CommandRun, GateCommand, Verdict
from gitagent.gates.judge import judge
from gitagent.ports import Gate, Index, Log, Model, Repo, Sandbox
from gitagent.progress import Tell
from gitagent.stages.gate import Export, gate


@dataclass(frozen=True)
class Checks:
    """Implements ports.Gate: which commands, where, and with what."""

    repo: Repo
    sandbox: Sandbox
    export: Export
    commands: Sequence[GateCommand]
    scratch: Path
    timeout_s: float
    hide: Callable[[str], str] = str

    def run(self, tree: str, base: Sequence[CommandRun] | None = None) -> tuple[CommandRun, ...]:
        """The gate's commands on one tree, `base` being what they said of the base."""
        return gate(
            self.repo,
            self.sandbox,
            tree,
            self.commands,
            scratch=self.scratch,
            timeout=self.timeout_s,
            export=self.export,
            base=base,
            hide=self.hide,
        )

    def verdict(self, tree: str, demand: str, base: Sequence[CommandRun]) -> Verdict:
        """What the gate finds out about a tree, beside the base and the task's text."""
        return judge(demand, base, self.run(tree, base))


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
    folders.
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

    @property
    def model(self) -> Model:
        """The one that writes code: what a prompt may hold follows from it."""
        return self.models["code"]

    @property
    def task(self) -> Task:
        return self.log.state.task
