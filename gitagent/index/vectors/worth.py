"""Which files are worth a vector first: those that a task is most likely to be about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gitagent.domain.context import is_test
from gitagent.index.engine import PROSE


def by_worth(paths: Sequence[str], changed: Mapping[int, float]) -> list[int]:
    """The positions of paths: code before tests before prose, what changes often first.

    `changed` says by position how often, as anybody may count.
    """

    def rank(position: int) -> tuple[int, float, int]:
        path = paths[position]
        kind = 2 if path.endswith(PROSE) else 1 if is_test(path) else 0
        return kind, -changed.get(position, 0.0), position

    return sorted(range(len(paths)), key=rank)
