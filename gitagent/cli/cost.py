"""`git agent cost`: the ledger, summed up."""

from __future__ import annotations

import csv
import io
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gitagent.domain.call import Call

    Calls = Mapping[str, Sequence[Call]]
    Group = Callable[[str, Call], str]

GROUPS: dict[str, Group] = {
    "model": lambda _task_id, call: f"{call.provider}/{call.model}",
    "task": lambda task_id, _call: task_id,
    "phase": lambda _task_id, call: call.phase,
    "day": lambda _task_id, call: call.started[:10],
}


@click.command("cost")
@click.option("--by", type=click.Choice([*GROUPS]), default="model", help="[model]")
@click.option("--since", type=click.IntRange(0), metavar="DAYS", help="Only the last DAYS days.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
def cost(by: str, since: int | None, as_json: bool, as_csv: bool) -> None:
    """Sum up calls, tokens, time and USD over all tasks of the repository.

    Every attempt that was sent counts, failed ones too. An answer that came out of a log counts as
    reused; where another task has paid for it, it is no call.
    """
    from pathlib import Path

    from gitagent.cli.cost_table import lines
    from gitagent.cli.screen import print_json, printable
    from gitagent.git.calls import calls
    from gitagent.git.repository import GitRepo

    if as_json and as_csv:
        raise click.UsageError("--json and --csv are two ways to print the same.")
    # without the configuration: it says nothing about what was spent and would take its time
    found, unreadable = calls(GitRepo.open(Path.cwd()))
    for bad in unreadable:
        click.secho(f"Left out: {printable(bad.reason)}", err=True, fg="yellow")
    first = "" if since is None else _day(since)
    rows = sums(found, GROUPS[by], first)
    if as_json:
        print_json([{by: name, **asdict(row)} for name, row in rows.items()])
    elif as_csv:
        click.echo(_csv(by, rows), nl=False)
    elif not rows:
        click.echo("No model call yet.", err=True)
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
        block = "█" if "utf" in (sys.stdout.encoding or "").lower() else "#"
        shown = [(printable(name), row) for name, row in rows.items()]
        total = sums(found, lambda _task_id, _call: "total", first)["total"]
        click.echo("\n".join(lines(by, shown, total, width, block)))


@dataclass(frozen=True)
class Sum:
    """What some calls come to: tokens, seconds, USD.

    `failed` are those without an answer, `retries` those that were another attempt at the same.
    `reused` answers came out of a log; those that another task had paid for are no calls.
    `first_token_seconds` is a mean, None where nobody knows.
    """

    calls: int = 0
    failed: int = 0
    retries: int = 0
    reused: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    first_token_seconds: float | None = None
    cost_usd: float = 0.0


def sums(found: Calls, group: Group, since: str = "") -> dict[str, Sum]:
    """The sum of each group, by name; `since` is the first day that counts."""
    groups: dict[str, list[Call]] = {}
    for task_id, calls in found.items():
        for call in calls:
            if call.started[:10] >= since:
                groups.setdefault(group(task_id, call), []).append(call)
    return {name: _of(calls) for name, calls in sorted(groups.items())}


def _of(calls: Sequence[Call]) -> Sum:
    from gitagent.llm.ledger import is_taken

    sent = [call for call in calls if not is_taken(call)]
    firsts = [s for call in sent if (s := call.first_token_seconds) is not None]
    return Sum(
        calls=len(sent),
        failed=sum(call.status not in ("ok", "length") for call in sent),
        retries=sum(call.retries > 0 for call in sent),
        reused=sum(call.from_journal for call in calls),
        prompt_tokens=sum(call.prompt_tokens for call in sent),
        cached_tokens=sum(call.cached_tokens for call in sent),
        completion_tokens=sum(call.completion_tokens for call in sent),
        seconds=round(sum(call.seconds for call in sent), 3),
        first_token_seconds=round(sum(firsts) / len(firsts), 3) if firsts else None,
        # a log from elsewhere must not make anything cheaper
        cost_usd=round(sum(max(0.0, call.cost_usd) for call in sent), 9),
    )


def _day(since: int) -> str:
    """The day (UTC) so many days ago."""
    return (datetime.now(UTC).date() - timedelta(days=since)).isoformat()


def _csv(by: str, rows: Mapping[str, Sum]) -> str:
    """As RFC 4180 has it; what nobody knows is empty."""
    from gitagent.cli.screen import printable

    written = io.StringIO()
    table = csv.writer(written)
    table.writerow([by, *(field.name for field in fields(Sum))])
    table.writerows([printable(name), *asdict(row).values()] for name, row in rows.items())
    return written.getvalue()
