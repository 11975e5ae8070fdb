"""What every command begins with: the site of the current folder, and the task that is meant."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitagent.cli.screen import printable
from gitagent.errors import UsageError
from gitagent.site import Site, open_site

if TYPE_CHECKING:
    from gitagent.git.log import TaskLog


def site(base: str = "HEAD", *, quiet: bool = False) -> Site:
    """The site of the current folder; what was ignored of its configuration is said."""
    found = open_site(Path.cwd(), os.environ, base)
    for notice in () if quiet else found.loaded.ignored:
        click.secho(printable(notice), err=True, fg="yellow")
    return found


def task_log(found: Site, task_id: str | None, *, asks: bool = False) -> TaskLog:
    """The log of a task, the newest where no id is given; `asks` are questions taken as well.

    Raises UsageError for a question where they are not: there is no code in it.
    """
    from gitagent.domain.ask import is_ask
    from gitagent.git.log import TaskLog, newest

    if task_id and not asks and is_ask(task_id):
        raise UsageError(
            f"{task_id} is a question: it changed nothing.", hint=f"`git agent show {task_id}`."
        )
    return TaskLog.load(found.repo, task_id or newest(found.repo))
