"""`git agent log`: the commits of a task."""

from __future__ import annotations

import click

from gitagent.cli.complete import task_ids


@click.command("log")
@click.argument("task_id", metavar="[ID]", required=False, shell_complete=task_ids)
def log(task_id: str | None) -> None:
    """Show the commits of a task with their trailers, newest first."""
    from gitagent.cli import here
    from gitagent.cli.screen import page, printable

    site = here.site()
    state = here.task_log(site, task_id).state
    entries = []
    for commit in reversed(site.repo.commits(state.head, state.task.base)):
        head = click.style(f"commit {commit}", fg="yellow")
        body = printable(site.repo.message_of(commit)).rstrip().replace("\n", "\n    ")
        entries.append(f"{head}\n\n    {body}\n")
    page("\n".join(entries))
