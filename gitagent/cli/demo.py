"""`git agent demo`: the main job on a sample repository, and what a reviewer does next."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command("demo")
@click.argument("folder", required=False, type=click.Path(file_okay=False))
@click.option("--model", default="", metavar="PROVIDER/NAME", help="Use this model.")
def demo(folder: str | None, model: str) -> int:
    """Make a small sample repository with a failing test and let the configured model fix it.

    FOLDER must not exist yet; without it a new temporary folder is used. It is kept, to look at.
    """
    import tempfile

    from gitagent.testing.repositories import SAMPLE_TASK, sample

    place = Path(folder) if folder else Path(tempfile.mkdtemp(prefix="gitagent-demo-")) / "daybook"
    if place.exists():
        raise click.UsageError(f"{place} exists already.")
    sample(place)
    _name_somebody(place)
    click.echo(f"A sample repository is in {place}; one of its tests fails.\n", err=True)
    os.chdir(place)
    return _run(SAMPLE_TASK, model)


def _name_somebody(place: Path) -> None:
    """Whoever has not told git a name yet can still see the demo."""
    from gitagent.errors import UsageError
    from gitagent.git.repository import GitRepo

    try:
        GitRepo.open(place).check_identity()
    except UsageError:
        with (place / ".git" / "config").open("a") as file:
            file.write("[user]\n\tname = You\n\temail = you@localhost\n")


def _run(text: str, model: str) -> int:
    from gitagent import app
    from gitagent.accept import accept
    from gitagent.cli import ended, here
    from gitagent.cli.screen import Progress, colored_diff, printable
    from gitagent.errors import Ending
    from gitagent.git.log import TaskLog

    _said(f'git agent task "{text}"')
    site = here.site()
    progress = Progress()
    try:
        outcome = app.start(site, app.Wish(text, manner=app.Manner(model=(model,))), progress)
    finally:
        progress.close()
    code = ended.tell(outcome, as_json=False)
    state = outcome.state
    if state.checkpoints:
        _said(f"git log {state.task.branch}")
        click.echo(printable(site.repo.message_of(state.head)))
        _said(f"git agent diff {state.task.id}")
        click.echo(colored_diff(outcome.diff))
    if state.ending is not Ending.DONE or not state.checkpoints[-1].verdict.fixed:
        click.secho("This model did not get the sample's test to pass this time.", fg="red")
        return code or Ending.GATE_FAILED.exit_code
    _said(f"git agent accept {state.task.id}")
    log = TaskLog.load(site.repo, state.task.id)
    done = accept(site, log, steps=(), onto="", no_gate=False, tell=progress)
    click.echo(
        f"{done.picked.branch} is now at {done.picked.after[:10]}; gate {done.verdict.kind}."
    )
    return code


def _said(command: str) -> None:
    click.secho(f"$ {command}", bold=True)
