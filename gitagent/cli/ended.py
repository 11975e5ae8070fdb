"""What a task's command says at its end."""

from __future__ import annotations

import click

from gitagent import report
from gitagent.app import OVER, Outcome
from gitagent.cli.judged import details, weakened
from gitagent.cli.screen import colored_diff, print_json, printable
from gitagent.domain import summary
from gitagent.domain.task import TaskState
from gitagent.errors import Ending
from gitagent.git.diffstat import diffstat


def tell(outcome: Outcome, *, as_json: bool) -> int:
    """Print the outcome; the exit code is that of the ending."""
    state = outcome.state
    if as_json:
        extra = {"diff": outcome.diff, "plan": _plan(state)} if state.task.dry_run else {}
        print_json(report.document(state) | extra)
    elif state.task.dry_run:
        _dry(outcome)
    else:
        _summary(outcome)
    return (state.ending or Ending.INTERNAL).exit_code


def _summary(outcome: Outcome) -> None:
    state = outcome.state
    used = summary.totals(state)
    calls = "1 call" if used.calls == 1 else f"{used.calls} calls"
    spent = f"{calls}, {used.prompt_tokens} tokens in, "
    spent += f"{used.completion_tokens} out, ${used.cost_usd:.4f}, {used.seconds:.0f} s"
    for each in weakened(state.checkpoints):
        click.secho(f"weakened  {printable(each)}", err=True, fg="red")
    for stat in diffstat(outcome.diff):
        click.echo(f"        {printable(stat.path)}  +{stat.added} -{stat.removed}", err=True)
    if state.ending is Ending.DONE:
        click.secho(f"done    {spent}", err=True, fg="green")
    else:
        click.secho(f"{state.ending}: {printable(state.message)}", err=True, fg="red")
        click.echo(f"        {spent}", err=True)
        if state.ending not in OVER:
            click.echo(f"Go on with:  git agent resume {state.task.id}", err=True)
        _log_place(state.task.id)
    if state.checkpoints:
        task = state.task
        take = f"     Take it:  git agent accept {task.id}" if state.ending is Ending.DONE else ""
        click.echo(f"Review it:  git agent diff {task.id}{take}", err=True)
        click.echo(task.branch)
    for patch in state.delivery.get("patches", ()):
        click.echo(patch)


def _log_place(task_id: str) -> None:
    from gitagent import logs

    place = logs.place(task_id)
    if place.is_file():
        click.echo(f"Log: {place}", err=True)


def _dry(outcome: Outcome) -> None:
    state = outcome.state
    for step in state.plan.steps if state.plan else ():
        click.echo(f"{step.n}. {printable(step.title)}")
    for each in weakened(state.checkpoints):
        click.secho(f"weakened  {printable(each)}", fg="red")
    click.echo(colored_diff(outcome.diff), nl=False)
    for checkpoint in state.checkpoints:
        verdict = checkpoint.verdict
        click.echo(f"gate of step {checkpoint.step}: {verdict.kind} {printable(verdict.reason)}")
        for each in details(verdict):
            click.echo(f"  {printable(each)}")
    if state.ending is not Ending.DONE:
        click.secho(f"{state.ending}: {printable(state.message)}", err=True, fg="red")
    click.echo("This was a dry run; nothing was written but the record of its calls.", err=True)


def _plan(state: TaskState) -> list[str]:
    return [step.title for step in state.plan.steps] if state.plan else []
