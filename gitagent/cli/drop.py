"""`git agent drop`: give a task up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gitagent.cli.complete import task_ids

if TYPE_CHECKING:
    from gitagent.drop import Dropped

RESCUE = "git branch rescued {ref}"


@click.command("drop")
@click.argument("task_id", metavar="ID", shell_complete=task_ids)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def drop(task_id: str, as_json: bool) -> None:
    """Remove a task: its branch and all that is known of it.

    What no other branch or tag leads to is kept first, your own commits on the branch too, and
    the command that brings it back is said. A task that a living process works on, or whose
    branch is checked out, is not touched.
    """
    from gitagent.cli import here
    from gitagent.cli.screen import print_json, printable
    from gitagent.domain.ask import is_ask
    from gitagent.drop import drop as drop_task

    dropped = drop_task(here.task_log(here.site(), task_id, asks=True))
    if as_json:
        print_json(document(dropped))
        return
    removed = f" and the branch {dropped.branch}" if dropped.branch else ""
    what = dropped.id if is_ask(dropped.id) else f"task {dropped.id}"
    click.echo(printable(f"Dropped {what}{removed}."))
    for each in dropped.salvaged:
        click.echo(f"Salvaged; to have it back: {RESCUE.format(ref=each.ref)}")
    for notice in dropped.notices:
        click.secho(printable(f"{notice}."), err=True, fg="yellow")


def document(dropped: Dropped) -> dict[str, Any]:
    """What `--json` says of a dropped task, here and in `git agent gc`."""
    return {
        "id": dropped.id,
        "branch": dropped.branch,
        "salvaged": [{"ref": each.ref, "commit": each.commit} for each in dropped.salvaged],
        "notices": list(dropped.notices),
    }
