"""`git agent patch`: a task as files for `git am`."""

from __future__ import annotations

from pathlib import Path

import click

from gitagent.cli.complete import task_ids


@click.command("patch")
@click.argument("task_id", metavar="ID", shell_complete=task_ids)
@click.option(
    "-o",
    "--output",
    default=".",
    type=click.Path(file_okay=False),
    help="Folder for the files.  [.]",
)
def patch(task_id: str, output: str) -> None:
    """Write the commits of a task as patch files that `git am` takes, one a commit."""
    from gitagent.cli import here
    from gitagent.git.program import format_patch

    site = here.site()
    state = here.task_log(site, task_id).state
    if not state.checkpoints:
        raise click.UsageError(f"Task {state.task.id} has no commit.")
    for file in format_patch(site.repo, state.task.base, state.head, Path(output)):
        click.echo(file)
