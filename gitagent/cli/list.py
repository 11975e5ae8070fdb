"""`git agent list`: what tasks there are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gitagent.domain.summary import Summary, Unreadable
    from gitagent.git.repository import GitRepo

TEXT = 60


@click.command("list")
@click.option("--size", is_flag=True, help="Show the disk use of each; takes longer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(size: bool, as_json: bool) -> None:
    """List the tasks of this repository, newest first."""
    from gitagent import report
    from gitagent.cli.screen import print_rows
    from gitagent.git.log import listing
    from gitagent.git.repository import GitRepo

    # without the configuration: it says nothing about tasks and would take its time
    repo = GitRepo.open(Path.cwd())
    found, unreadable = listing(repo)
    sizes = _sizes(repo, found) if size else {}
    if as_json:
        lines = [report.line(each) | _sized(sizes, each.id) for each in found]
        print_rows([*lines, *(report.unreadable(each) for each in unreadable)])
        return
    if not found and not unreadable:
        click.echo('No task yet. Start one: git agent task "…"', err=True)
    click.echo("".join(_lines(found, unreadable, sizes)), nl=False)


def _lines(
    found: list[Summary], unreadable: list[Unreadable], sizes: dict[str, int]
) -> Iterator[str]:
    from gitagent.cli.screen import amount, printable
    from gitagent.domain.ask import is_ask

    width = max((len(each.id) for each in found), default=0)
    for each in found:
        ending = "dry-run" if each.dry_run else each.ending or "open"
        steps = "ask" if is_ask(each.id) else f"{each.steps}/{each.of or '?'}"
        taken = f"{amount(sizes[each.id]):>9}  " if sizes else ""
        first = printable(" ".join(each.text[: 10 * TEXT].split()))[:TEXT]
        cost = f"${each.totals.cost_usd:<8.4f}"
        yield f"{each.id:<{width}}  {ending:<12} {steps:<5} {cost} {taken}{first}\n"
    for bad in unreadable:
        yield f"{printable(bad.id)}  unreadable   {printable(bad.reason)}\n"


def _sizes(repo: GitRepo, found: list[Summary]) -> dict[str, int]:
    from gitagent.git.program import disk_use_of

    return {each.id: disk_use_of(repo, each.id) for each in found}


def _sized(sizes: dict[str, int], task_id: str) -> dict[str, Any]:
    return {"bytes": sizes[task_id]} if sizes else {}
