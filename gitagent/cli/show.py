"""`git agent show`: one task with its evidence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from gitagent.cli.complete import task_ids

if TYPE_CHECKING:
    from gitagent.domain.plan import PlanStep
    from gitagent.domain.task import Checkpoint, TaskState
    from gitagent.domain.verdict import Verdict


@click.command("show")
@click.argument("task_id", metavar="[ID]", required=False, shell_complete=task_ids)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(task_id: str | None, as_json: bool) -> None:
    """Show one task, the newest where no ID is given: steps, verdicts, calls and cost.

    Of a question it is the answer, its sources, calls and cost.
    """
    from gitagent import report
    from gitagent.cli import answered, here
    from gitagent.cli.screen import print_json, printable

    state = here.task_log(here.site(), task_id, asks=True).state
    if as_json:
        print_json(answered.document(state) if state.task.ask else report.document(state))
    else:
        click.echo(printable("\n".join(_lines(state))))


def _lines(state: TaskState) -> Iterator[str]:
    from gitagent.cli import answered
    from gitagent.domain import summary

    task, used = state.task, summary.totals(state)
    yield from answered.lines(state) if task.ask else _task(state)
    for call in state.calls:
        tokens = (
            f"{call.prompt_tokens} in ({call.cached_tokens} cached), {call.completion_tokens} out"
        )
        cost = f"${call.cost_usd:.6f}, {call.seconds:.1f} s"
        by = f"{call.provider}/{call.model}"
        yield f"Call     {call.seq} {call.phase} {by}: {call.status}, {tokens}, {cost}"
    yield (
        f"Totals   {used.calls} calls, {used.prompt_tokens} tokens in, "
        f"{used.completion_tokens} out, ${used.cost_usd:.6f}, {used.seconds:.1f} s "
        f"({used.llm_seconds:.1f} s model, {used.gate_seconds:.1f} s gate)"
    )


def _task(state: TaskState) -> Iterator[str]:
    from gitagent import report
    from gitagent.cli.judged import weakened

    task = state.task
    ending = state.ending or report.status(state)
    yield f"Task     {task.id}  {ending}{'  (dry run)' if task.dry_run else ''}"
    yield from (f"         {line}" for line in task.text.splitlines())
    yield from (f"Weakened {each}" for each in weakened(state.checkpoints))
    if state.message:
        yield f"Ended    {state.message}"
    yield f"Branch   {task.branch} from {task.base[:10]}, begun {task.created}"
    yield f"Trace    {task.trace_id}"
    if state.context:
        yield f"Context  {', '.join(e.path for e in state.context.excerpts) or 'none'}"
    steps = {step.n: step for step in state.plan.steps} if state.plan else {}
    for checkpoint in state.checkpoints:
        yield from _step(checkpoint)
        yield from _scope(checkpoint, steps.get(checkpoint.step))
    failed = [a for a in state.attempts if not (a.verdict and a.verdict.acceptable)]
    for attempt in failed:
        yield f"Try      {attempt.label} by {attempt.model}: {report.outcome(attempt)}"


def _step(checkpoint: Checkpoint) -> Iterator[str]:
    yield f"Step {checkpoint.step:<3} {checkpoint.commit[:10]} {checkpoint.title}"
    yield f"         {', '.join(checkpoint.files)}  in {_tries(checkpoint.attempts)}"
    yield from _verdict(checkpoint.verdict)


def _scope(checkpoint: Checkpoint, step: PlanStep | None) -> Iterator[str]:
    """What is in a step that its plan did not say."""
    for each in step.also if step else ():
        why = f"because {each.because}" if each.because else "and nobody said why"
        yield f"         not in the plan at first: {each.path}, {why}"
    if step and step.exceeded(checkpoint.lines):
        planned = f"the plan said about {step.lines}"
        yield f"         larger than planned: {checkpoint.lines} lines change, {planned}"


def _tries(n: int) -> str:
    return "1 try" if n == 1 else f"{n} tries"


def _verdict(verdict: Verdict) -> Iterator[str]:
    from gitagent.cli.judged import details

    yield f"         gate {verdict.said}"
    yield from (f"         {each}" for each in details(verdict))
