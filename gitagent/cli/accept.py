"""`git agent accept`: a person takes commits of a task."""

from __future__ import annotations

import click

from gitagent.cli.complete import task_ids


@click.command("accept")
@click.argument("task_id", metavar="ID", shell_complete=task_ids)
@click.option("--steps", default="", metavar="1,3", help="Only these steps.  [all]")
@click.option("--onto", default="", metavar="BRANCH", help="Onto this branch.  [the current one]")
@click.option("--no-gate", is_flag=True, help="Do not check the result.")
def accept(task_id: str, steps: str, onto: str, no_gate: bool) -> None:
    """Cherry-pick the commits of a task onto your branch.

    The result is gated first. Where a commit does not fit, or local changes stand in the way,
    nothing is changed and it is said why.
    """
    from gitagent.accept import accept as accept_steps
    from gitagent.cli import here
    from gitagent.cli.screen import Progress, printable

    site = here.site()
    log = here.task_log(site, task_id)
    progress = Progress()
    try:
        done = accept_steps(
            site, log, steps=_numbers(steps), onto=onto, no_gate=no_gate, tell=progress
        )
    finally:
        progress.close()
    picked = done.picked
    if picked.before == picked.after:
        click.echo(f"{picked.branch} has these changes already.")
        return
    taken = ", ".join(map(str, picked.taken))
    click.echo(f"{picked.branch} is now at {picked.after[:10]}, with step {taken}.")
    click.echo(f"gate {done.verdict.kind} {printable(done.verdict.reason)}".rstrip(), err=True)
    if picked.left:
        click.echo(f"Left on {log.state.task.branch}: step {', '.join(map(str, picked.left))}.")


def _numbers(steps: str) -> list[int]:
    try:
        return [int(step) for step in steps.split(",") if step.strip()]
    except ValueError as error:
        raise click.UsageError(f"--steps takes numbers like 1,3, not `{steps}`.") from error
