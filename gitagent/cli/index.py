"""`git agent index`: the index of the repository, which a task brings up to date by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gitagent.indexing import Indexed, Status
    from gitagent.summaries import Summarised


@click.command("index")
@click.option("--rebuild", is_flag=True, help="Begin with nothing.")
@click.option("--status", "only_status", is_flag=True, help="Say what there is; read nothing.")
@click.option("--summaries", is_flag=True, help="Have a model say what each folder is for.")
@click.option("--model", "model", multiple=True, help="PROVIDER/NAME that says it.")
@click.option("--budget", type=click.FloatRange(min=0), metavar="USD", help="At most so much.")
@click.option("--base", default="HEAD", metavar="REV", help="Of this commit.  [HEAD]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("-v", "--verbose", is_flag=True, help="Name each file that is left out, and why.")
def index(
    rebuild: bool,
    only_status: bool,
    summaries: bool,
    model: tuple[str, ...],
    budget: float | None,
    base: str,
    as_json: bool,
    verbose: bool,
) -> None:
    """Bring the index of a commit up to date, and say what it has and what it leaves out.

    Tasks and `context` do that by themselves. What is known belongs to the content of files: after
    a change of branch nothing is read, after a commit what it changed.

    With `--summaries` a model is asked for two sentences about each folder that has none, which
    planners are told from then on; `context --map` shows them. It costs, so it is never done
    unasked; what was made is kept whatever ends it.
    """
    from gitagent import indexing
    from gitagent.cli import here
    from gitagent.cli.screen import Progress, print_json, printable

    if only_status and (rebuild or summaries):
        raise click.UsageError("--status only looks; it does not go with the others.")
    if not summaries and (model or budget is not None):
        raise click.UsageError("No model is asked without --summaries.")
    site = here.site(base)
    progress = Progress()
    done = None if only_status else indexing.brought(site, base, progress, rebuild=rebuild)
    said = indexing.summarised(site, base, progress, model, budget) if summaries else None
    progress.close()
    status = done.status if done else indexing.status(site, base)
    if as_json:
        print_json({**_done(done), **_document(status), **_said(said)})
        return
    if done:
        click.echo(f"{done.read} files read in {done.seconds:.1f} s.", err=True)
    if done and done.vectors:
        told = f"{done.vectors.made} vectors made, {done.vectors.left} are missing."
        click.echo(f"{told} {printable(done.vectors.stopped)}".rstrip(), err=True)
    if said:
        spent = f"${said.usd:.4f}"
        click.echo(f"{said.made} summaries made for {spent}, {said.known} known.", err=True)
    for line in _lines(status, verbose):
        click.echo(line)


def _said(summarised: Summarised | None) -> dict[str, Any]:
    import dataclasses

    return {"summaries": dataclasses.asdict(summarised)} if summarised else {}


def _done(done: Indexed | None) -> dict[str, Any]:
    if done is None:
        return {}
    import dataclasses

    made = dataclasses.asdict(done.vectors) if done.vectors else None
    return {
        "read": done.read,
        "collected": done.collected,
        "seconds": done.seconds,
        "vectors_made": made,
    }


def _document(status: Status) -> dict[str, Any]:
    import dataclasses

    return {"fresh": status.fresh, **dataclasses.asdict(status)}


def _lines(status: Status, verbose: bool) -> list[str]:
    from gitagent.cli.screen import amount, printable
    from gitagent.indexing import reasons

    state = "up to date" if status.fresh else f"{status.missing} files not read yet"
    if not status.missing and not status.past_known:
        state = "files up to date, the past not read yet"
    size = f"{amount(status.database_bytes)} on disk, all repositories together"
    lines = [
        f"commit    {status.commit[:10]}, {status.files} files: {state}",
        f"kept      {status.documents} files and commits, {status.listings} trees and pasts",
        f"database  {size}",
    ]
    if status.vectors:
        some = f"{status.vectors.embedded} of {status.vectors.places} parts have one"
        lines.append(f"vectors   {some}")
    if verbose:
        out = [f"left out  {printable(path)}: {why}" for path, why in status.left_out.items()]
    else:
        out = [f"left out  {count} files: {why}" for why, count in reasons(status.left_out)]
    return [*lines, *out]
