"""`git agent context`: what a task would look at, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gitagent.domain.context import Hit

LIMIT = 20
SPANS = 3
"""Spans of a file that are printed; `--json` has them all."""
UNRANKED = ("named", "rest")


@click.command("context")
@click.argument("query", required=False)
@click.option("--limit", type=click.IntRange(min=1), help="Most files (or folders).  [20]")
@click.option("--graph", metavar="FILE", help="Draw what a file touches; no query is asked.")
@click.option("--map", "as_map", is_flag=True, help="Show the folders; no query is asked.")
@click.option("--depth", type=click.IntRange(1, 9), help="Steps around FILE, or into folders.  [1]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "dot", "svg"]),
    help="Of the drawing.  [by OUT's ending, else text]",
)
@click.option("-o", "--output", metavar="OUT", help="Write the drawing to a file.")
@click.option("--base", default="HEAD", metavar="REV", help="Look at this commit.  [HEAD]")
@click.option("--explain", is_flag=True, help="Show each file's rank by each reason alone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def context(
    query: str | None,
    limit: int | None,
    graph: str | None,
    as_map: bool,
    depth: int | None,
    form: str | None,
    output: str | None,
    base: str,
    explain: bool,
    as_json: bool,
) -> None:
    """Rank the files that a text is about, best first, with the reasons.

    It is what a task with that text would look at; no model is asked. Reasons are `named` (by the
    text, or the only file that defines what it names), `text` and `windows` (its words, anywhere
    and close together), `path` and `file name`, `symbol` and `uses` (names that it defines, and
    uses), `commits` (that read like it), `companions` (changed along with the best), `folder`,
    `all commits` and `vectors`.

    With `--graph` it draws what a file has to do with the others: what it defines, what it imports
    and uses, and who imports and uses it, `--limit` files on each side. SVG is laid out by
    Graphviz where that is installed.

    With `--map` it lists the folders with their main definitions, and with what a model said of
    them where `git agent index --summaries` had one asked: all folders, unless `--depth` or
    `--limit` says how many.
    """
    if as_map:
        from gitagent.cli.context_map import context_map

        if query or graph is not None or form or output:
            raise click.UsageError("--map takes no query, and --graph is another picture.")
        context_map(base=base, depth=depth, limit=limit, as_json=as_json)
        return
    if graph is not None:
        from gitagent.cli.context_graph import context_graph

        if query:
            raise click.UsageError("--graph takes no query.")
        context_graph(
            graph,
            base=base,
            depth=depth or 1,
            limit=limit or LIMIT,
            form=form,
            output=output,
            as_json=as_json,
        )
        return
    from gitagent.cli import here
    from gitagent.cli.screen import Progress, print_rows
    from gitagent.errors import UsageError
    from gitagent.finding import ranked

    if not query or not query.strip():
        raise UsageError("The query has no text.")
    progress = Progress()
    hits = ranked(here.site(base), query, progress, base=base, limit=limit or LIMIT)
    progress.close()
    if as_json:
        print_rows(_row(hit, explain) for hit in hits)
        return
    if not hits:
        click.echo("No file fits the words.", err=True)
    for line in (_line(hit, explain) for hit in hits):
        click.echo(line)


def _row(hit: Hit, explain: bool) -> dict[str, Any]:
    spans = [[span.start, span.end] for span in hit.spans]
    row = {"path": hit.path, "score": hit.score, "why": hit.why, "spans": spans}
    return {**row, "ranks": dict(_ranked(hit))} if explain else row


def _ranked(hit: Hit) -> list[tuple[str, int]]:
    """The prongs with the place that each of them gives; what is named has no rank."""
    prongs = [why for why in hit.why if why not in UNRANKED]
    return list(zip(prongs, hit.ranks, strict=True))


def _line(hit: Hit, explain: bool) -> str:
    from gitagent.cli.screen import printable

    spans = ", ".join(f"{span.start}-{span.end}" for span in hit.spans[:SPANS])
    more = ", …" if len(hit.spans) > SPANS else ""
    where = f"  lines {spans}{more}" if spans else ""
    reasons = [f"{prong} {rank}" for prong, rank in _ranked(hit)] if explain else hit.why
    return f"{hit.score:9.2f}  {printable(hit.path)}  ({', '.join(reasons)}){where}"
