"""`git agent context --graph`: what a file touches, drawn."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gitagent.domain.code import Definition
    from gitagent.graph.around import Graph
    from gitagent.graph.tree import Row

FORMATS = ("text", "dot", "svg")
DEFINED = 12
"""Definitions of the file that are named; `--json` has them all."""


def context_graph(
    file: str,
    *,
    base: str,
    depth: int,
    limit: int,
    form: str | None,
    output: str | None,
    as_json: bool,
) -> None:
    """Draw the surroundings of a file; raises UsageError where there is no such file."""
    from gitagent import written
    from gitagent.cli import here
    from gitagent.cli.screen import Progress, print_json
    from gitagent.surroundings import surroundings

    if as_json and (form or output):
        raise click.UsageError("--json does not go with --format and -o.")
    form = form or _form_of(output)
    site = here.site(base)
    place = Path(output) if output and output != "-" else None
    if place is not None:
        written.check(place, site.repo.checkout)
    progress = Progress()
    graph = surroundings(
        site, file, progress, base=base, depth=depth, most=limit, folder=Path.cwd()
    )
    progress.close()
    if as_json:
        print_json(_document(graph))
    elif place is not None:
        written.put(place, _drawing(graph, form))
        click.echo(f"{output}: {_size(graph)}", err=True)
    elif form == "text":
        _print(graph)
    else:
        click.echo(_drawing(graph, form), nl=False)


def _form_of(output: str | None) -> str:
    ending = Path(output).suffix[1:].lower() if output else ""
    return {"svg": "svg", "dot": "dot", "gv": "dot"}.get(ending, "text")


def _drawing(graph: Graph, form: str) -> str:
    from gitagent.graph import dot, graphviz, svg, tree

    if form == "text":
        return "".join(f"{row.line}\n" for row in tree.tree(graph, most=DEFINED))
    text = dot.dot(graph, most=DEFINED)
    if form == "dot":
        return text
    return graphviz.drawn(text) or svg.svg(graph, most=DEFINED)


def _print(graph: Graph) -> None:
    from gitagent.graph.tree import tree

    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for row in tree(graph, most=DEFINED, columns=columns):
        click.echo(_styled(row))


def _styled(row: Row) -> str:
    """Click drops the colours where stdout is no terminal."""
    text = click.style(row.text, bold=True) if row.head else row.text
    return click.style(row.lead, dim=True) + text + click.style(row.note, dim=True)


def _size(graph: Graph) -> str:
    hidden = sum(rest.count for rest in graph.left_out)
    return f"{len(graph.nodes)} files" + (f", {hidden} more left out" if hidden else "")


def _document(graph: Graph) -> dict[str, Any]:
    return {
        "path": graph.centre,
        "defines": [_definition(d) for d in graph.defines],
        "files": [{"path": n.path, "distance": n.distance} for n in graph.nodes],
        "edges": [
            {
                "from": e.source,
                "to": e.target,
                "imports": e.imports,
                "uses": e.uses,
                "names": e.names,
            }
            for e in graph.edges
        ],
        "left_out": [
            {"path": r.path, "side": "needs" if r.side > 0 else "needed by", "files": r.count}
            for r in graph.left_out
        ],
    }


def _definition(found: Definition) -> dict[str, Any]:
    return {
        "name": found.qualified,
        "kind": found.kind,
        "span": [found.span.start, found.span.end],
        "signature": found.signature,
    }
