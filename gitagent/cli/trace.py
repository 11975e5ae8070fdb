"""`git agent trace`: the spans of a task as a tree, over all its processes."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from gitagent.cli.complete import task_ids

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gitagent.domain.span import Span

INDENT = 2
BAR = 20
LEAST_FOR_NAMES = 16
WIDE, NARROW = 110, 72
COLORS = {"error": "red", "unknown": "yellow"}
COUNTED = ("passed", "failed", "fixed", "broken", "still_failing", "skipped", "vanished")


@click.command("trace")
@click.argument("task_id", metavar="[ID]", required=False, shell_complete=task_ids)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def trace(task_id: str | None, as_json: bool) -> None:
    """Show what a task did when, the newest where no ID is given.

    One line a span: what it is, when it began, how long it took, tokens in and out, USD, and how
    it ended. It is read from the task's log alone, so runs that were killed are in it, and those
    of other machines. A call without an answer has an unknown outcome and stays charged.
    """
    from gitagent.cli import here
    from gitagent.cli.screen import page, print_json
    from gitagent.git.log import history
    from gitagent.trace import spans

    site = here.site()
    state = here.task_log(site, task_id, asks=True).state
    found = spans((event for event, _ in history(site.repo, state.task.id)), state)
    if as_json:
        print_json(
            {
                "trace_id": state.task.trace_id,
                "task": state.task.id,
                "parent_span": found[0].parent if found else "",
                "spans": [asdict(span) for span in found],
            }
        )
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    page("".join(f"{line}\n" for line in lines(state.task.trace_id, found, width)))


def lines(trace_id: str, found: Sequence[Span], width: int) -> Iterator[str]:
    """The tree in lines that fit a terminal of this width; 0 is a pipe, which takes all."""
    yield f"Trace {trace_id}"
    rows = _rows(found)
    names = max((len(row.name) for row in rows), default=0)
    columns = [column for column in COLUMNS if not width or width >= column.from_width]
    room = width - sum(column.width + 1 for column in columns) if width else names
    names = max(LEAST_FOR_NAMES, min(names, room))
    for row in rows:
        cells = "".join(f" {column.of(row):>{column.width}}" for column in columns)
        line = f"{_cut(row.name, names):<{names}}{cells}"
        bar = f"  {row.bar:<{BAR}}" if width >= WIDE else ""
        said = f"{bar}  {row.said}"
        yield line + _styled(_cut(said, width - len(line)) if width else said, row.span)


@dataclass(frozen=True)
class _Row:
    """A span as it is shown; tokens and USD are those of all calls in it."""

    span: Span
    name: str
    offset: float
    tokens: tuple[int, int]
    cost: float
    bar: str
    said: str


@dataclass(frozen=True)
class _Column:
    name: str
    width: int
    from_width: int

    def of(self, row: _Row) -> str:
        if self.name == "offset":
            return f"+{_time(row.offset)}"
        if self.name == "time":
            return _time(row.span.seconds)
        if self.name == "tokens":
            return "/".join(map(_short, row.tokens)) if any(row.tokens) else ""
        return f"${row.cost:.6f}" if row.cost else ""


COLUMNS = (
    _Column("offset", 9, NARROW),
    _Column("time", 8, 0),
    _Column("tokens", 13, NARROW),
    _Column("cost", 10, 0),
)


def _rows(found: Sequence[Span]) -> list[_Row]:
    from gitagent.cli.screen import printable

    depths: dict[str, int] = {}
    begun = [datetime.fromisoformat(span.start) for span in found]
    first, whole = min(begun, default=None), max((span.seconds for span in found), default=0.0)
    rows = []
    for n, span in enumerate(found):
        depths[span.id] = depth = depths.get(span.parent, -1) + 1
        calls = [s for s in _within(found, n) if s.kind == "call"]
        offset = (begun[n] - first).total_seconds() if first else 0.0
        rows.append(
            _Row(
                span=span,
                name=" " * INDENT * depth + printable(span.name),
                offset=offset,
                tokens=(_total(calls, "tokens_in"), _total(calls, "tokens_out")),
                cost=sum(float(call.attributes.get("cost_usd", 0.0)) for call in calls),
                bar=_bar(offset, span.seconds, whole),
                said=" ".join(printable(_said(span)).split()),
            )
        )
    return rows


def _within(found: Sequence[Span], n: int) -> Iterator[Span]:
    """A span and all that is part of it; each stands behind its parent."""
    inside = {found[n].id}
    yield found[n]
    for span in found[n + 1 :]:
        if span.parent not in inside:
            return
        inside.add(span.id)
        yield span


def _total(calls: Sequence[Span], name: str) -> int:
    return sum(int(call.attributes.get(name, 0)) for call in calls)


def _said(span: Span) -> str:
    """How it ended, and what else people look for."""
    of = span.attributes
    match span.kind:
        case "task":
            return str(of.get("ending", "open"))
        case "run":
            where = f"{of.get('model', '')}, process {of.get('pid', '')} on {of.get('host', '')}"
            return f"{of.get('ending', 'no ending') or 'ended'} ({where})"
        case "call" if of:
            status = "no answer" if span.outcome == "unknown" else str(of.get("status", ""))
            model = f"{of.get('provider', '')}/{of.get('model', '')}"
            return ", ".join(filter(None, (status, model, str(of.get("error", "")))))
        case "gate":
            counts = ", ".join(f"{of[name]} {name}" for name in COUNTED if of.get(name))
            return ", ".join(filter(None, (str(of.get("verdict", "ok")), counts)))
        case "checkpoint":
            return str(of.get("commit", ""))[:10]
        case _:
            return span.outcome


def _bar(offset: float, seconds: float, whole: float) -> str:
    """When it was at work, within the whole task."""
    if whole <= 0:
        return ""
    first = min(BAR - 1, int(BAR * offset / whole))
    last = max(first + 1, min(BAR, round(BAR * (offset + seconds) / whole)))
    return " " * first + "#" * (last - first)


def _short(tokens: int) -> str:
    return str(tokens) if tokens < 100_000 else f"{tokens / 1000:.0f}k"


def _time(seconds: float) -> str:
    if seconds < 600:
        return f"{seconds:.2f}s"
    minutes = int(seconds // 60)
    return f"{minutes}m{int(seconds % 60):02}s" if minutes < 600 else f"{minutes // 60}h"


def _cut(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    return f"{text[: width - 1]}…" if width > 0 else ""


def _styled(text: str, span: Span) -> str:
    color = COLORS.get(span.outcome)
    return click.style(text, fg=color) if color else text
