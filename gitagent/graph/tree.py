"""The surroundings of a file as a tree of text, in as many columns as there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gitagent.domain.code import Definition
from gitagent.domain.leading import leading, top
from gitagent.graph.around import NEEDED_BY, NEEDS, Edge, Graph
from gitagent.graph.labels import cut_end, cut_start, label, listed, width

MOST_NAMES = 6
GAP = 2
NARROWEST = 24
"""Columns below which nothing is cut any more: it would say nothing."""
UNCUT = 10_000


@dataclass(frozen=True)
class Row:
    """One line: the branches that lead to it, what it is, what is said of it."""

    lead: str
    text: str
    note: str = ""
    head: bool = False

    @property
    def line(self) -> str:
        return f"{self.lead}{self.text}{self.note}"


@dataclass(frozen=True)
class _Item:
    """A line without its place in the tree."""

    text: str
    note: str = ""
    below: tuple[_Item, ...] = ()
    head: bool = False


def tree(graph: Graph, *, most: int, columns: int | None = None) -> list[Row]:
    """The rows of a graph; `most` definitions are listed, `columns` None cuts nothing."""
    sides = (
        _defined(graph.defines, most),
        _side(graph, NEEDS, "needs"),
        _side(graph, NEEDED_BY, "is needed by"),
    )
    root = _Item(label(graph.centre), below=tuple(filter(None, sides)), head=True)
    return list(_rows([root], "", columns or UNCUT))


def _defined(defines: Sequence[Definition], most: int) -> _Item | None:
    """What stands at the top of the file; what is inside of it is counted."""
    if not defines:
        return None
    outer = top(defines)
    items = [_definition(d, defines) for d in leading(outer, most)]
    return _Item(f"defines {len(defines)}", below=_with_rest(items, len(outer) - most), head=True)


def _definition(found: Definition, all_of_it: Sequence[Definition]) -> _Item:
    members = sum(f"{d.scope}.".startswith(f"{found.qualified}.") for d in all_of_it)
    span = found.span
    lines = f"lines {span.start}-{span.end}" if span.end > span.start else f"line {span.start}"
    inside = f", {members} inside" if members else ""
    return _Item(label(found.qualified), f"{found.kind}, {lines}{inside}")


def _side(graph: Graph, side: int, said: str) -> _Item | None:
    items = _neighbours(graph, graph.centre, side)
    if not items:
        return None
    count = len(graph.neighbours(graph.centre, side)) + graph.rest(graph.centre, side)
    return _Item(f"{said} {count} file{'s' * (count != 1)}", below=items, head=True)


def _neighbours(graph: Graph, path: str, side: int) -> tuple[_Item, ...]:
    """What a file needs, or what needs it; each file has what is behind it below it once."""
    items = [_neighbour(graph, edge, side) for edge in graph.neighbours(path, side)]
    return _with_rest(items, graph.rest(path, side))


def _neighbour(graph: Graph, edge: Edge, side: int) -> _Item:
    other = edge.target if side == NEEDS else edge.source
    below = _neighbours(graph, other, side) if graph.first(edge, side) else ()
    return _Item(label(other), _said(edge, side), below)


def _said(edge: Edge, side: int) -> str:
    used = listed(edge.names, MOST_NAMES) or "what it defines"
    imports = ("imported" if side == NEEDS else "imports it") if edge.imports else ""
    return "; ".join(filter(None, [imports, f"uses {used}" if edge.uses else ""]))


def _with_rest(items: Sequence[_Item], more: int) -> tuple[_Item, ...]:
    return (*items, _Item(f"… and {more} more")) if more > 0 else tuple(items)


def _rows(items: Sequence[_Item], lead: str, columns: int, inner: bool = False) -> Iterator[Row]:
    most = max(columns // 2 - len(lead), NARROWEST)
    column = max((w for i in items if i.note and (w := width(i.text)) <= most), default=0)
    for n, item in enumerate(items):
        last = n == len(items) - 1
        branch, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        own = lead + branch if inner else lead
        yield _fitted(Row(own, item.text, item.note, item.head), column, columns)
        yield from _rows(item.below, lead + below if inner else lead, columns, inner=True)


def _fitted(row: Row, column: int, columns: int) -> Row:
    """The name goes before what is said of it, which gets what is left."""
    room = max(columns - len(row.lead), NARROWEST)
    text = cut_start(row.text, room) if "/" in row.text else cut_end(row.text, room)
    pad = " " * (max(column - width(text), 0) + GAP)
    left = room - width(text) - len(pad)
    if not row.note or left < GAP:
        return replace(row, text=text, note="")
    return replace(row, text=text + pad, note=cut_end(row.note, left))
