"""The sums of `git agent cost` for people: a table and, where there is room, a bar chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitagent.cli.cost import Sum

GAP = 2
LEAST_FOR_NAMES, MOST_FOR_NAMES = 8, 40
LEAST_BAR, MOST_BAR = 8, 40


@dataclass(frozen=True)
class Column:
    """A figure of a sum; narrow terminals leave out the columns of the highest ranks."""

    head: str
    field: str
    width: int
    rank: int = 0
    digits: int = 0

    def cell(self, row: Sum) -> str:
        value = getattr(row, self.field)
        return f"{'-' if value is None else format(value, f'.{self.digits}f'):>{self.width}}"


COLUMNS = (
    Column("calls", "calls", 6),
    Column("failed", "failed", 6, 2),
    Column("retries", "retries", 7, 3),
    Column("reused", "reused", 6, 3),
    Column("tokens in", "prompt_tokens", 10, 1),
    Column("cached", "cached_tokens", 10, 3),
    Column("tokens out", "completion_tokens", 10, 1),
    Column("seconds", "seconds", 9, 2, digits=1),
    Column("first s", "first_token_seconds", 7, 3, digits=2),
    Column("USD", "cost_usd", 11, 0, digits=6),
)


def lines(
    by: str, rows: Sequence[tuple[str, Sum]], total: Sum, width: int, block: str
) -> Iterator[str]:
    """The table with its totals, for a terminal of this width; 0 is a pipe, which takes all
    columns and no bars. A bar is a row's share of the highest USD or, where all is free, tokens."""
    longest = max(len(by), len("total"), *(len(name) for name, _ in rows))
    names = min(longest, MOST_FOR_NAMES) if width else longest
    columns = _fitting(names, width)
    room = width - names - _taken(columns)
    if width and room < 0:
        names = max(LEAST_FOR_NAMES, names + room)
    bar = min(room - GAP, MOST_BAR)
    most = max(_size(row, total) for _, row in rows)
    yield _line(by, names, (f"{c.head:>{c.width}}" for c in columns))
    for name, row in rows:
        share = _size(row, total) / most if most and bar >= LEAST_BAR else 0.0
        drawn = " " * GAP + block * round(bar * share)
        yield (_line(name, names, (c.cell(row) for c in columns)) + drawn).rstrip()
    if len(rows) > 1:
        yield _line("total", names, (c.cell(total) for c in columns))


def _fitting(names: int, width: int) -> list[Column]:
    """The columns that leave room for a bar, those with the lowest rank first."""
    for rank in sorted({column.rank for column in COLUMNS}, reverse=True):
        columns = [column for column in COLUMNS if column.rank <= rank]
        if not width or names + _taken(columns) + GAP + LEAST_BAR <= width:
            break
    return columns


def _taken(columns: Sequence[Column]) -> int:
    return sum(GAP + column.width for column in columns)


def _size(row: Sum, total: Sum) -> float:
    return row.cost_usd if total.cost_usd else row.prompt_tokens + row.completion_tokens


def _line(name: str, width: int, cells: Iterator[str]) -> str:
    cut = name if len(name) <= width else f"{name[: width - 2]}.."
    return f"{cut:<{width}}" + "".join(f"{' ' * GAP}{cell}" for cell in cells)
