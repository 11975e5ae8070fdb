"""`git agent cost`: the ledger, summed up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gitagent.domain.call import Call
    from gitagent.domain.task import TaskState

    Group = Callable[[TaskState, Call], str]

BAR = 24


@click.command("cost")
@click.option("--by", type=click.Choice(["model", "task", "day"]), default="model", help="[model]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def cost(by: str, as_json: bool) -> None:
    """Sum up calls, tokens, time and USD over all tasks of the repository."""
    from gitagent.cli import here
    from gitagent.cli.screen import print_json, printable
    from gitagent.git import log

    states, unreadable = log.tasks(here.site().repo)
    for bad in unreadable:
        click.secho(f"Left out: {printable(bad.reason)}", err=True, fg="yellow")
    rows = _rows(states, GROUPS[by])
    if as_json:
        print_json([{by: name, **row} for name, row in rows.items()])
        return
    _print(by, rows)


GROUPS: dict[str, Group] = {
    "model": lambda _state, call: f"{call.provider}/{call.model}",
    "task": lambda state, _call: state.task.id,
    "day": lambda _state, call: call.started[:10],
}


def _rows(states: list[TaskState], group: Group) -> dict[str, dict[str, float]]:
    rows: dict[str, dict[str, float]] = {}
    for state in states:
        for call in state.calls:
            row = rows.setdefault(group(state, call), dict.fromkeys(_COLUMNS, 0.0))
            for column, value in _values(call).items():
                row[column] += value
    return dict(sorted(rows.items()))


_COLUMNS = ("calls", "prompt_tokens", "completion_tokens", "cached_tokens", "cost_usd", "seconds")


def _values(call: Call) -> dict[str, float]:
    return {
        "calls": 1,
        "prompt_tokens": call.prompt_tokens,
        "completion_tokens": call.completion_tokens,
        "cached_tokens": call.cached_tokens,
        "cost_usd": call.cost_usd,
        "seconds": call.seconds,
    }


def _print(by: str, rows: dict[str, dict[str, float]]) -> None:
    from gitagent.cli.screen import printable

    if not rows:
        click.echo("No model call yet.", err=True)
        return
    width = max(len(by), *(len(printable(name)) for name in rows))
    click.echo(f"{by:<{width}}  calls  tokens in  tokens out   seconds         USD")
    most = max(row["cost_usd"] for row in rows.values())
    for name, row in rows.items():
        bar = "#" * round(BAR * row["cost_usd"] / most) if most else ""
        tokens = f"{row['prompt_tokens']:9.0f}  {row['completion_tokens']:10.0f}"
        figures = f"{row['calls']:5.0f}  {tokens}  {row['seconds']:8.1f}  {row['cost_usd']:10.6f}"
        click.echo(f"{printable(name):<{width}}  {figures}  {bar}".rstrip())
