"""Which definitions of a file say most of it, where there is no room for all."""

from __future__ import annotations

from collections.abc import Sequence

from gitagent.domain.code import Definition

_SMALL = ("constant", "field", "macro")


def top(defines: Sequence[Definition]) -> list[Definition]:
    """What stands in nothing else that the file defines."""
    own = {d.qualified for d in defines}
    return [d for d in defines if not _within(d, own)]


def leading(defines: Sequence[Definition], most: int) -> list[Definition]:
    """The `most` that a reader would name first, in the order of their lines.

    Code goes before constants, what others may use before what is private, long before short.
    """
    best = sorted(defines, key=_importance)[:most]
    return sorted(best, key=lambda d: (d.span.start, d.span.end))


def _importance(found: Definition) -> tuple[object, ...]:
    length = found.span.end - found.span.start
    return (found.kind in _SMALL, found.name.startswith("_"), -length, found.span.start)


def _within(found: Definition, own: set[str]) -> bool:
    parts = found.scope.split(".") if found.scope else []
    return any(".".join(parts[:n]) in own for n in range(1, len(parts) + 1))
