"""The surroundings of a file as an SVG, with nothing but this module.

Where each file stands follows from how many steps it is away, so that a layout has only to order
the columns: each file near the mean of those that led to it. The packages that lay out any graph
(grandalf, graph-layout, fast-sugiyama) are not kept, or bring numpy or a compiled library along.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from gitagent.domain.leading import leading, top
from gitagent.graph.around import NEEDS, Edge, Graph
from gitagent.graph.labels import cut_end, cut_start, label, listed, width

CELL, LINE, PAD, GAP = 7.0, 15, 7, 9
"""Pixels: a character's width at most, a line's height, the space in a box and between boxes."""
BETWEEN, MARGIN = 120, 20
WIDEST, NARROWEST = 44, 14
MOST_NAMES = 3
BOW = 36
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

STYLE = """\
text { font: 11px "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1f2328; white-space: pre }
.soft { fill: #656d76 } .name { font-weight: bold }
rect { fill: #f6f8fa; stroke: #afb8c1 } .centre { fill: #ddf4ff; stroke: #0969da }
.paper { fill: #ffffff; stroke: none } .rest { fill: none; stroke: none }
path { fill: none; stroke: #8c959f; stroke-width: 1.1 } .uses { stroke-dasharray: 4 3 }
marker path { fill: #8c959f; stroke: none }
"""
ARROW = (
    '<marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
    'orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker>'
)


@dataclass(frozen=True)
class _Box:
    """A file, or how many more there are: its lines as (class, text), and where it stands."""

    key: str
    kind: str
    title: str
    lines: tuple[tuple[str, str], ...]
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0

    @property
    def height(self) -> float:
        return len(self.lines) * LINE + 2 * PAD

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def svg(graph: Graph, *, most: int) -> str:
    """The graph from left to right: what needs the file, the file, what it needs.

    Of the file `most` definitions are named. What is used without being imported has a dashed line.
    """
    boxes = _placed(_columns(graph, most))
    right = max(box.x + box.width for box in boxes.values()) + MARGIN
    low = max(box.y + box.height for box in boxes.values()) + MARGIN
    key = _key(graph)
    wide, high = max(right, len(key) * CELL + 2 * MARGIN), low + LINE + PAD
    size = f'width="{wide:.0f}" height="{high:.0f}" viewBox="0 0 {wide:.0f} {high:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{_text(f'What {label(graph.centre)} touches')}</title>",
        f"<style>{escape(STYLE)}</style>",
        f"<defs>{ARROW}</defs>",
        '<rect class="paper" width="100%" height="100%"/>',
        *_edges(graph, boxes),
        *(line for box in boxes.values() for line in _drawn(box)),
        f'<text class="soft" x="{MARGIN}" y="{low + PAD:.0f}">{_text(key)}</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _key(graph: Graph) -> str:
    shown, more = len(graph.nodes) - 1, sum(rest.count for rest in graph.left_out)
    hidden = f", {more} more are left out" if more else ""
    files = f"{shown} file{'s' * (shown != 1)}"
    return f"left: what needs it; right: what it needs; dashed: used, not imported. {files}{hidden}"


def _columns(graph: Graph, most: int) -> dict[int, list[_Box]]:
    """The boxes of each distance, in the order in which they stand."""
    columns: dict[int, list[_Box]] = {0: [_centre(graph, most)]}
    for node in graph.nodes[1:]:
        columns.setdefault(node.distance, []).append(_file(graph, node.path, node.distance))
    for rest in graph.left_out:
        distance = graph.distance(rest.path) + rest.side
        more = f"… and {rest.count} more"
        box = _Box(_rest_key(rest.path, rest.side), "rest", more, (("soft", more),))
        columns.setdefault(distance, []).append(box)
    return {at: _ordered(graph, columns, at) for at in sorted(columns, key=abs)}


def _ordered(graph: Graph, columns: dict[int, list[_Box]], at: int) -> list[_Box]:
    """A column by the mean place of the neighbours one step nearer, which are ordered already."""
    if at:
        nearer = {box.key: n for n, box in enumerate(columns[at - (1 if at > 0 else -1)])}
        means = {box.key: _mean(graph, box.key, at, nearer) for box in columns[at]}
        columns[at].sort(key=lambda box: means[box.key])
    return columns[at]


def _mean(graph: Graph, key: str, at: int, nearer: dict[str, int]) -> float:
    side = 1 if at > 0 else -1
    if key not in {node.path for node in graph.nodes}:
        return nearer.get(key.partition("\0")[2], 0) + 0.5
    edges = graph.neighbours(key, -side)
    others = [nearer.get(e.source if side == NEEDS else e.target) for e in edges]
    places = [place for place in others if place is not None]
    return sum(places) / len(places) if places else 0.0


def _rest_key(path: str, side: int) -> str:
    return f"{side}\0{path}"


def _centre(graph: Graph, most: int) -> _Box:
    outer = top(graph.defines)
    lines = [*_path_lines(graph.centre)]
    lines += [("", f"  {label(d.qualified)}") for d in leading(outer, most)]
    lines += [("soft", f"  … and {len(outer) - most} more")] if len(outer) > most else []
    return _Box(graph.centre, "centre", graph.centre, tuple(lines))


def _file(graph: Graph, path: str, distance: int) -> _Box:
    edge = _first(graph, path, 1 if distance > 0 else -1)
    used = listed(edge.names, MOST_NAMES) if edge else ""
    return _Box(path, "file", path, (*_path_lines(path), *([("soft", used)] if used else [])))


def _first(graph: Graph, path: str, side: int) -> Edge | None:
    return next(iter(graph.neighbours(path, -side)), None)


def _path_lines(path: str) -> Iterator[tuple[str, str]]:
    folder, slash, name = label(path).rpartition("/")
    yield "name", name
    if slash:
        yield "soft", f"{folder}/"


def _placed(columns: dict[int, list[_Box]]) -> dict[str, _Box]:
    """Every box where it stands: columns beside each other, each in the middle of the height."""
    heights = {
        at: sum(b.height for b in boxes) + GAP * (len(boxes) - 1) for at, boxes in columns.items()
    }
    tallest, x, placed = max(heights.values()), float(MARGIN), {}
    for at in sorted(columns):
        cells = max(width(text) for box in columns[at] for _, text in box.lines)
        wide = min(max(cells, NARROWEST), WIDEST) * CELL + 2 * PAD
        y = MARGIN + (tallest - heights[at]) / 2
        for box in columns[at]:
            placed[box.key] = _Box(box.key, box.kind, box.title, box.lines, x, y, wide)
            y += box.height + GAP
        x += wide + BETWEEN
    return placed


def _drawn(box: _Box) -> Iterator[str]:
    at = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"'
    yield f'<g><title>{_text(label(box.title))}</title><rect class="{box.kind}" rx="5" {at}/>'
    y = box.y + PAD + LINE * 0.75
    for kind, text in box.lines:
        cut = cut_start(text, WIDEST) if kind and "/" in text else cut_end(text, WIDEST)
        yield f'<text class="{kind}" x="{box.x + PAD:.1f}" y="{y:.1f}">{_text(cut)}</text>'
        y += LINE
    yield "</g>"


def _edges(graph: Graph, boxes: dict[str, _Box]) -> Iterator[str]:
    for edge in graph.edges:
        line = _line(boxes[edge.source], boxes[edge.target])
        kind = "imports" if edge.imports else "uses"
        said = f"{label(edge.source)} → {label(edge.target)}"
        names = f": {listed(edge.names, len(edge.names))}" if edge.names else ""
        title = f"<title>{_text(said + names)}</title>"
        yield f'<path class="{kind}" d="{line}" marker-end="url(#arrow)">{title}</path>'
    for rest in graph.left_out:
        ends = boxes[rest.path], boxes[_rest_key(rest.path, rest.side)]
        yield f'<path class="uses" d="{_line(*(ends if rest.side == NEEDS else ends[::-1]))}"/>'


def _line(one: _Box, other: _Box) -> str:
    """A curve from the edge of one box to the nearer edge of the other; within a column, a bow."""
    if one.x == other.x:
        x = one.x + one.width
        return _curve(x, one.middle, x + BOW, x + BOW, x, other.middle)
    forward = one.x < other.x
    start = one.x + one.width if forward else one.x
    end = other.x if forward else other.x + other.width
    bend = (end - start) / 2
    return _curve(start, one.middle, start + bend, end - bend, end, other.middle)


def _curve(x: float, y: float, bend: float, other: float, to_x: float, to_y: float) -> str:
    numbers: Sequence[float] = (x, y, bend, y, other, to_y, to_x, to_y)
    a, b, c, d, e, f, g, h = (f"{number:.1f}" for number in numbers)
    return f"M{a},{b} C{c},{d} {e},{f} {g},{h}"


def _text(text: str) -> str:
    """As XML can hold it, whatever it is."""
    return escape(NOT_XML.sub("\ufffd", text))
