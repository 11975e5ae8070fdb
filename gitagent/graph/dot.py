"""The surroundings of a file in the language of Graphviz."""

from __future__ import annotations

from collections.abc import Iterator

from gitagent.domain.leading import leading, top
from gitagent.graph.around import NEEDS, Graph, Rest
from gitagent.graph.labels import label, listed

MOST_NAMES = 3
HEAD = """\
digraph surroundings {
  rankdir=LR;
  ranksep=1.2;
  nodesep=0.12;
  bgcolor="white";
  node [shape=box, style="rounded,filled", fillcolor="#f6f8fa", color="#8c959f",
        fontname="DejaVu Sans, Helvetica, Arial, sans-serif", fontsize=11, margin="0.12,0.06"];
  edge [color="#57606a", fontname="DejaVu Sans, Helvetica, Arial, sans-serif", fontsize=9,
        fontcolor="#57606a", arrowsize=0.6];
"""


def dot(graph: Graph, *, most: int) -> str:
    """The graph from left to right: what needs the file, the file, what it needs.

    Of the file `most` definitions are named. What is used without being imported has a dashed line.
    """
    return HEAD + "".join(f"  {line}\n" for line in _lines(graph, most)) + "}\n"


def _lines(graph: Graph, most: int) -> Iterator[str]:
    ids = {node.path: f"n{n}" for n, node in enumerate(graph.nodes)}
    for node in graph.nodes:
        if node.path == graph.centre:
            shown = _quoted("\n".join(_centre(graph, most)))
            yield f'{ids[node.path]} [label={shown}, fillcolor="#ddf4ff", color="#0969da"];'
        else:
            yield f"{ids[node.path]} [label={_quoted(label(node.path))}];"
    for edge in graph.edges:
        names = _quoted(listed(edge.names, MOST_NAMES))
        style = "solid" if edge.imports else "dashed"
        yield f"{ids[edge.source]} -> {ids[edge.target]} [style={style}, label={names}];"
    for n, rest in enumerate(graph.left_out):
        yield from _rest(rest, f"r{n}", ids[rest.path])


def _centre(graph: Graph, most: int) -> list[str]:
    outer = top(graph.defines)
    names = [label(d.qualified) for d in leading(outer, most)]
    more = [f"… and {len(outer) - most} more"] if len(outer) > most else []
    return [label(graph.centre), *names, *more]


def _rest(rest: Rest, own: str, other: str) -> Iterator[str]:
    shown = _quoted(f"… and {rest.count} more")
    yield f'{own} [label={shown}, style=filled, color="white", fillcolor="white"];'
    ends = f"{other} -> {own}" if rest.side == NEEDS else f"{own} -> {other}"
    yield f'{ends} [style=dotted, arrowhead=none, color="#8c959f"];'


def _quoted(text: str) -> str:
    """A string of DOT. In labels a backslash begins an escape and an ampersand an entity."""
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return '"' + text.replace("\n", "\\n") + '"'
