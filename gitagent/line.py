"""What a run of the line works with: its settings, and the parts that stand behind the ports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gitagent.domain.edit import EditFormat
from gitagent.domain.task import Delivery, PlanMode, Task
from gitagent.domain.verdict import CommandRun, GateCommand
from gitagent.ports import Index, Log, Model, Repo, Sandbox
from gitagent.progress import Tell
from gitagent.stages.gate import Export, gate


@dataclass(frozen=True)
class Rules:
    """The settings of one run; `attempts` are proposals for one step."""

    plan: PlanMode
    max_steps: int
    attempts: int
    edit_format: EditFormat
    context_tokens: int
    ignore: Sequence[str]
    allow: Sequence[str]
    deliver: Delivery


@dataclass(frozen=True)
class Checks:
    """The gate made ready: which commands, where, and with what."""

    repo: Repo
    sandbox: Sandbox
    export: Export
    commands: Sequence[GateCommand]
    scratch: Path
    timeout_s: float

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
        )


@dataclass(frozen=True)
class Line:
    """The parts of one run. `write_patches` takes two commits and gives the files it wrote."""

    repo: Repo
    log: Log
    index: Index
    model: Model
    checks: Checks
    write_patches: Callable[[str, str], list[Path]]
    tell: Tell
    rules: Rules

    @property
    def task(self) -> Task:
        return self.log.state.task
