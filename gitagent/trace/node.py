"""Spans while they are put together: a tree whose times and outcomes are still growing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from gitagent.domain.span import Attribute, Outcome, Span


@dataclass
class Node:
    """A span while it is put together; its time grows with what is found to be part of it."""

    kind: str
    id: str
    name: str
    start: datetime | None = None
    end: datetime | None = None
    outcome: Outcome | None = None
    attributes: dict[str, Attribute] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)

    def cover(self, start: datetime, end: datetime) -> None:
        self.start = min(self.start or start, start)
        self.end = max(self.end or end, end)

    def child(self, made: Node) -> Node:
        """The child with this id, which is `made` where there is none yet."""
        for child in self.children:
            if child.id == made.id:
                return child
        self.children.append(made)
        return made


def close(node: Node, unfinished: Outcome) -> None:
    """Give a span the time of its parts and, where nothing has ended it, the outcome of work that
    its run has left behind."""
    for child in node.children:
        close(child, "unknown" if unfinished == "unknown" else "error")
        if child.start and child.end:
            node.cover(child.start, child.end)
    node.outcome = node.outcome or unfinished


def flat(node: Node, parent: str) -> Iterator[Span]:
    """The spans of a tree, each behind its parent."""
    start, end = node.start or datetime.max, node.end or datetime.min
    yield Span(
        node.id,
        parent,
        node.kind,
        node.name,
        start.isoformat(timespec="milliseconds"),
        round(max(0.0, (end - start).total_seconds()), 3),
        node.outcome or "unknown",
        node.attributes,
    )
    for child in node.children:
        yield from flat(child, node.id)
