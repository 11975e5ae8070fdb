"""`git agent resume`: go on where a task stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from gitagent.cli import manner
from gitagent.cli.complete import task_ids


@click.command("resume")
@click.argument("task_id", metavar="[ID]", required=False, shell_complete=task_ids)
@manner.options
def resume(task_id: str | None, as_json: bool, quiet: bool, verbose: bool, **given: Any) -> int:
    """Go on with a task that was interrupted, the newest where no ID is given.

    What the task's log knows is not done again, and no answer is paid for twice. Options are not
    remembered from the first run: say `--gate` or `--model` again where it matters. A question
    goes on by its ID as well; asking it again does the same.

    \b
    git agent resume
    git agent resume 4f0c21 --budget 2
    """
    from gitagent import app, asks
    from gitagent.cli import answered, ended, here
    from gitagent.cli.screen import Progress
    from gitagent.git.log import TaskLog
    from gitagent.git.origin import settings_at
    from gitagent.git.repository import GitRepo

    repo = GitRepo.open(Path.cwd())
    log = TaskLog.load(repo, task_id or app.resumable(repo))
    progress = Progress(quiet, verbose)
    try:
        site = here.site(settings_at(log))
        wanted = manner.taken(given)
        if log.state.task.ask:
            means = asks.Question("", "", False, wanted.model, wanted.budget, wanted.max_calls)
            return answered.tell(
                asks.resume(site, log.state.task.id, means, progress), None, as_json=as_json
            )
        outcome = app.resume(site, log.state.task.id, wanted, progress)
    finally:
        progress.close()
    return ended.tell(outcome, as_json=as_json)
