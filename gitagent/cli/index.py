"""`git agent index`: the index of the repository, which a task brings up to date by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gitagent.indexing import Indexed, Status
    from gitagent.progress import Tell
    from gitagent.site import Site
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
    a change of branch nothing is read, after a commit what it changed. A small tree is read anew in
    each command, and nothing is kept of it.

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
    done = None if only_status else _brought(site, base, progress, rebuild, summaries)
    said = indexing.summarised(site, base, progress, model, budget) if summaries else None
    progress.close()
    status = indexing.status(site, base) if only_status else done.status if done else None
    if as_json:
        print_json({**_done(done), **_document(status), **_said(said)})
        return
    if done:
        click.echo(f"{_files(done.read)} read in {done.seconds:.1f} s.", err=True)
    if done and done.vectors:
        told = f"{done.vectors.made} vectors made, {done.vectors.left} are missing."
        click.echo(f"{told} {printable(done.vectors.stopped)}".rstrip(), err=True)
    if said:
        spent = f"${said.usd:.4f}"
        click.echo(f"{said.made} summaries made for {spent}, {said.known} known.", err=True)
    for line in _lines(status, verbose) if status else ():
        click.echo(line)


def _brought(site: Site, base: str, tell: Tell, rebuild: bool, summaries: bool) -> Indexed | None:
    """What was done; None where summaries were asked for, too, which need no database."""
    from gitagent.errors import NoDatabase
    from gitagent.indexing import brought

    try:
        return brought(site, base, tell, rebuild=rebuild)
    except NoDatabase:
        if not summaries:
            raise
        return None


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


def _document(status: Status | None) -> dict[str, Any]:
    import dataclasses

    return {"fresh": status.fresh, **dataclasses.asdict(status)} if status else {}


def _lines(status: Status, verbose: bool) -> list[str]:
    from gitagent.cli.screen import printable
    from gitagent.indexing import reasons

    lines = [f"commit    {status.commit[:10]}, {_files(status.files)}: {_state(status)}"]
    if not status.small:
        lines += _kept(status)
    if status.vectors:
        some = f"{status.vectors.embedded} of {status.vectors.places} parts have one"
        lines.append(f"vectors   {some}")
    if verbose:
        out = [f"left out  {printable(path)}: {why}" for path, why in status.left_out.items()]
    else:
        out = [f"left out  {_files(count)}: {why}" for why, count in reasons(status.left_out)]
    return [*lines, *out]


def _state(status: Status) -> str:
    if status.small:
        return "read anew in each command, so nothing is kept"
    if status.missing:
        return f"{_files(status.missing)} not read yet"
    return "up to date" if status.fresh else "files up to date, the past not read yet"


def _kept(status: Status) -> list[str]:
    from gitagent.cli.screen import amount

    size = f"{amount(status.database_bytes)} on disk, all repositories together"
    return [
        f"kept      {status.documents} files and commits, {status.listings} trees and pasts",
        f"database  {size}",
    ]


def _files(count: int) -> str:
    return f"{count} file{'s' * (count != 1)}"
