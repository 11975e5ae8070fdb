"""`git agent drop`: give a task up."""

from __future__ import annotations

import click

from gitagent.cli.complete import task_ids


@click.command("drop")
@click.argument("task_id", metavar="ID", shell_complete=task_ids)
def drop(task_id: str) -> None:
    """Remove a task: its branch and all that is known of it.

    A branch that has moved since, or that is checked out, is kept, and so is the task.
    """
    from gitagent.cli import here
    from gitagent.drop import drop as drop_task

    site = here.site()
    state = here.task_log(site, task_id).state
    branch = drop_task(site.repo, state)
    removed = f" and the branch {branch}" if branch else ""
    click.echo(f"Dropped task {state.task.id}{removed}.")
