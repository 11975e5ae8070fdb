"""From the links of files to the part of the graph around one of them that a person can look at.

The files that it needs stand on one side, those that need it on the other, each as many steps away
as it takes to come to them. Only the most important are taken along, and the rest is counted: a
picture of six hundred lines says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gitagent.domain.code import Definition, Links
from gitagent.domain.context import is_test

NEEDS, NEEDED_BY = 1, -1
FEWEST = 2
"""Neighbours that a file further away shows at least, however many files there are beside it."""


@dataclass(frozen=True)
class Node:
    """A file, and how many steps from the centre: above 0 what it needs, below 0 what needs it."""

    path: str
    distance: int


@dataclass(frozen=True)
class Edge:
    """`source` needs `target`: imports it, uses what it defines, or both.

    `names` are the definitions that it uses, where they are known.
    """

    source: str
    target: str
    imports: bool
    uses: bool
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rest:
    """How many files more a file needs (or is needed by) than are shown of them."""

    path: str
    side: int
    count: int


@dataclass(frozen=True)
class Graph:
    """The surroundings of `centre`, which is the first of the nodes; edges stand most important
    first."""

    centre: str
    defines: tuple[Definition, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    left_out: tuple[Rest, ...]

    def neighbours(self, path: str, side: int) -> list[Edge]:
        """The edges that lead from a file to what it needs, or to what needs it."""
        return [e for e in self.edges if (e.source if side == NEEDS else e.target) == path]

    def rest(self, path: str, side: int) -> int:
        """How many of these are not shown."""
        return sum(r.count for r in self.left_out if (r.path, r.side) == (path, side))

    def distance(self, path: str) -> int:
        return self._distances[path]

    def first(self, edge: Edge, side: int) -> bool:
        """Whether it is the first that leads to its further end from one step nearer."""
        other = edge.target if side == NEEDS else edge.source
        leading = (e for e in self.neighbours(other, -side) if self._outward(e, side))
        return next(leading, None) is edge

    def _outward(self, edge: Edge, side: int) -> bool:
        at, other = (edge.source, edge.target) if side == NEEDS else (edge.target, edge.source)
        return side * self.distance(other) == side * self.distance(at) + 1

    @cached_property
    def _distances(self) -> dict[str, int]:
        return {node.path: node.distance for node in self.nodes}


def around(links: Callable[[str], Links], path: str, *, depth: int = 1, most: int = 20) -> Graph:
    """The files up to `depth` steps around one, at most `most` on each side of it.

    `links` is called for the file and for each one that is shown, but for the outermost.
    """
    centre = links(path)
    nodes = {path: Node(path, 0)}
    edges: dict[tuple[str, str], Edge] = {}
    left_out: list[Rest] = []
    levels = {NEEDS: [path], NEEDED_BY: [path]}
    for step in range(1, depth + 1):
        for side, level in levels.items():
            share = most if step == 1 else max(FEWEST, most // max(len(level), 1))
            levels[side] = []
            for at in level:
                found = _ranked(centre if at == path else links(at), side)
                if len(found) > share:
                    left_out.append(Rest(at, side, len(found) - share))
                for edge in found[:share]:
                    known = edges.get((edge.source, edge.target), edge)
                    edges[edge.source, edge.target] = _joined(known, edge)
                    other = edge.target if side == NEEDS else edge.source
                    if other not in nodes:
                        nodes[other] = Node(other, side * step)
                        levels[side].append(other)
    return Graph(
        path, centre.defines, tuple(nodes.values()), tuple(edges.values()), tuple(left_out)
    )


def _joined(one: Edge, other: Edge) -> Edge:
    return replace(one, uses=one.uses or other.uses, names=one.names or other.names)


def _ranked(links: Links, side: int) -> list[Edge]:
    edges = _needs(links) if side == NEEDS else _needed_by(links)
    return sorted(edges, key=lambda edge: _importance(edge, links.path, side))


def _needs(links: Links) -> Iterable[Edge]:
    names: dict[str, list[str]] = {}
    for used in links.uses:
        names.setdefault(used.path, []).append(used.qualified)
    imported = set(links.imports)
    for target in dict.fromkeys([*links.imports, *names]):
        used_names = tuple(names.get(target, ()))
        yield Edge(links.path, target, target in imported, bool(used_names), used_names)


def _needed_by(links: Links) -> Iterable[Edge]:
    importing, using = set(links.imported_by), set(links.used_by)
    for source in dict.fromkeys([*links.imported_by, *links.used_by]):
        yield Edge(source, links.path, source in importing, source in using)


def _importance(edge: Edge, path: str, side: int) -> tuple[object, ...]:
    """Both ways of needing before one, much before little, code before tests, near before far."""
    other = edge.target if side == NEEDS else edge.source
    both = edge.imports + edge.uses
    return (-both, -len(edge.names), is_test(other), -_shared(other, path), other)


def _shared(one: str, other: str) -> int:
    """How many folders two paths have in common from the top."""
    count = 0
    for mine, yours in zip(_folders(one), _folders(other), strict=False):
        if mine != yours:
            break
        count += 1
    return count


def _folders(path: str) -> Sequence[str]:
    return path.split("/")[:-1]
