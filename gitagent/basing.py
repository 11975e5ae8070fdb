"""What the gate says of the base of a task: found out as far as it is needed, and kept in the log.

What a task began with is what its model is told of failures, however often the task is resumed;
what had to be known later, to judge some tree beside it, is for verdicts alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from gitagent.domain.event import Kind
from gitagent.domain.verdict import CommandRun
from gitagent.gates.judge import judge
from gitagent.line import Line
from gitagent.progress import News

MOST_HITS = 5


def based(line: Line) -> tuple[CommandRun, ...]:
    """How the base does at the gate, so that failures that were there before are known."""
    if line.log.state.base_runs is None:
        line.tell(News("gate", "runs on the base", passing=True))
        base = line.repo.tree_of(line.task.base)
        _record(line, line.checks.begun(base, lambda: _about(line, base)), ())
    known = line.log.state.base_runs or ()
    runs = tuple(run for run in known if not run.left and not run.late)
    line.tell(News("gate", f"base: {_said(runs, known)}"))
    return runs


def beside(line: Line, tree: str) -> tuple[CommandRun, ...]:
    """The base's runs that a verdict on a tree needs; those that there are not yet are made."""
    known = line.log.state.base_runs or ()
    if not any(run.left for run in known):
        return known
    runs = line.checks.beside(tree, known)
    if runs != known:
        found = [run for run, before in zip(runs, known, strict=True) if run != before]
        _record(line, runs, known)
        names = ", ".join(run.name for run in found)
        line.tell(News("gate", f"base, {names}: {_said(found, found)}"))
    return runs


def _record(line: Line, runs: tuple[CommandRun, ...], known: Sequence[CommandRun]) -> None:
    seconds = sum(run.spent for run in runs) - sum(run.spent for run in known)
    line.log.record(Kind.BASE_GATED, lasted=seconds, base_runs=runs)


def _about(line: Line, base: str) -> list[str]:
    return [hit.path for hit in line.index.search(base, line.task.text, MOST_HITS)]


def _said(runs: Sequence[CommandRun], known: Sequence[CommandRun]) -> str:
    if not known:
        return "no command to run; commits will say `none`"
    if not runs:
        return "nothing is run before it is needed"
    outcomes = [outcome for run in runs for outcome in run.tests.values()]
    counts = {kind: outcomes.count(kind) for kind in ("passed", "failed", "skipped")}
    told = [f"{count} {kind}" for kind, count in counts.items() if count]
    told += [f"`{run.name}` fails" for run in runs if run.failed and not run.tests]
    told += [f"{test} is flaky" for run in runs for test in run.flaky]
    said = ", ".join(told) or judge("", runs, runs).reason
    return f"{said} (known already)" if all(run.known for run in runs) else said
