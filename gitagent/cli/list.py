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

    found = log.summaries(here.site().repo)
    if as_json:
        print_json([report.line(each) for each in found])
        return
    if not found:
        click.echo('No task yet. Start one: git agent task "…"', err=True)
    for each in found:
        ending = "dry-run" if each.dry_run else each.ending or "open"
        steps = f"{each.steps}/{each.of or '?'}"
        first = printable(" ".join(each.text.split()))[:60]
        spent = each.totals.cost_usd
        click.echo(f"{each.id}  {ending:<12} {steps:<5} ${spent:<8.4f} {first}")
