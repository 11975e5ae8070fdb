"""`git agent context`: what a task would look at, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gitagent.domain.context import Hit

SPANS = 3
"""Spans of a file that are printed; `--json` has them all."""


@click.command("context")
@click.argument("query")
@click.option("--limit", type=click.IntRange(min=1), default=20, help="Most files.  [20]")
@click.option("--base", default="HEAD", metavar="REV", help="Look at this commit.  [HEAD]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def context(query: str, limit: int, base: str, as_json: bool) -> None:
    """Rank the files that a text is about, best first, with the reasons.

    It is what a task with that text would look at; no model is asked. Reasons are `named` (by the
    text, or the only file that defines what it names), `text`, `path` and `symbol`.
    """
    from gitagent.cli import here
    from gitagent.cli.screen import print_rows
    from gitagent.errors import UsageError
    from gitagent.finding import ranked

    if not query.strip():
        raise UsageError("The query has no text.")
    hits = ranked(here.site(base), query, base=base, limit=limit)
    if as_json:
        print_rows(map(_row, hits))
        return
    if not hits:
        click.echo("No file fits the words.", err=True)
    for line in map(_line, hits):
        click.echo(line)


def _row(hit: Hit) -> dict[str, Any]:
    spans = [[span.start, span.end] for span in hit.spans]
    return {"path": hit.path, "score": hit.score, "why": hit.why, "spans": spans}


def _line(hit: Hit) -> str:
    from gitagent.cli.screen import printable

    spans = ", ".join(f"{span.start}-{span.end}" for span in hit.spans[:SPANS])
    more = ", …" if len(hit.spans) > SPANS else ""
    where = f"  lines {spans}{more}" if spans else ""
    return f"{hit.score:9.2f}  {printable(hit.path)}  ({', '.join(hit.why)}){where}"
