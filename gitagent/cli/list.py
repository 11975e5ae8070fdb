"""`git agent list`: what tasks there are."""

from __future__ import annotations

import click


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(as_json: bool) -> None:
    """List the tasks of this repository, newest first."""
    from gitagent import report
    from gitagent.cli import here
    from gitagent.cli.screen import print_json, printable
    from gitagent.git import log

    states = list(log.tasks(here.site().repo))
    if as_json:
        keys = ("id", "text", "state", "ending", "branch", "created", "totals")
        documents = [report.document(state) for state in states]
        print_json([{key: document[key] for key in keys} for document in documents])
        return
    if not states:
        click.echo('No task yet. Start one: git agent task "…"', err=True)
    for state in states:
        ending = "dry-run" if state.task.dry_run else state.ending or report.status(state)
        steps = f"{len(state.checkpoints)}/{len(state.plan.steps) if state.plan else '?'}"
        first = printable(" ".join(state.task.text.split()))[:60]
        click.echo(f"{state.task.id}  {ending:<12} {steps:<5} ${state.spent:<8.4f} {first}")
