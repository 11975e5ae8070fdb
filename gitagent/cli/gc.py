"""`git agent gc`: clean up after tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gitagent.gc import Collected, Due, Use


@click.command("gc")
@click.option(
    "--keep-days",
    type=click.IntRange(min=0),
    help="Drop what ended so many days ago.  [tasks.keep_days: 30]",
)
@click.option("-n", "--dry-run", is_flag=True, help="Show what would go, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def gc(keep_days: int | None, dry_run: bool, as_json: bool) -> None:
    """Drop tasks that ended long ago, and what dead processes have left behind.

    Work that is nowhere else is salvaged first, as by `git agent drop`. A task whose branch is
    checked out, or that a living process works on, stays. Open tasks go only where
    `tasks.expire_days` says so. The objects that are free then are removed by git's own gc.
    What the gate knows of trees is forgotten: whatever comes next is run.
    """
    from datetime import UTC, datetime

    from gitagent import gc as collector
    from gitagent.cli import here
    from gitagent.cli.screen import print_json
    from gitagent.site import cache_folder

    site, cache, now = here.site(), cache_folder(), datetime.now(UTC)
    before = collector.use(site.repo, cache)
    plan = collector.plan(site.repo, collector.Ages.of(site.config, keep_days), now)
    if dry_run:
        done = collector.foreseen(site.repo, plan, cache)
    else:
        done = collector.collect(site.repo, plan, cache, now)
    after = before if dry_run else collector.use(site.repo, cache)
    if as_json:
        print_json({"dry_run": dry_run, **_document(done), **_uses(before, after)})
        return
    for line in _lines(done, dry_run):
        click.echo(line)
    click.echo(_change(before, after, dry_run))


def _document(done: Collected) -> dict[str, Any]:
    from gitagent.cli.drop import document

    return {
        "dropped": [asdict(due) | document(gone) for due, gone in done.dropped],
        "kept": [asdict(each) for each in done.kept],
        "unreadable": [{"id": each.id, "reason": each.reason} for each in done.unreadable],
        "salvaged_removed": [each.ref for each in done.salvaged],
        "folders": [str(folder) for folder in done.folders],
        "runs": done.runs,
    }


def _uses(before: Use, after: Use) -> dict[str, Any]:
    return {"before": asdict(before), "after": asdict(after)}


def _lines(done: Collected, dry_run: bool) -> Iterator[str]:
    from gitagent.cli.drop import RESCUE
    from gitagent.cli.screen import printable

    verb = "would drop" if dry_run else "dropped"
    for due, gone in done.dropped:
        yield printable(f"{verb} {due.id}: {_age(due)}{', ' + gone.branch if gone.branch else ''}")
        for each in gone.salvaged:
            yield f"  salvaged; to have it back: {RESCUE.format(ref=each.ref)}"
        yield from (printable(f"  {notice}") for notice in gone.notices)
    for kept in done.kept:
        yield printable(f"kept {kept.id}: {kept.reason}")
    for bad in done.unreadable:
        yield printable(f"kept {bad.id}: unreadable. {bad.hint}")
    verb = "would remove" if dry_run else "removed"
    yield from (f"{verb} {each.ref}: salvaged long ago" for each in done.salvaged)
    yield from (printable(f"{verb} {folder}: its process is dead") for folder in done.folders)
    if done.runs:
        yield f"{verb} what the gate knew of {done.runs} run{'' if done.runs == 1 else 's'}"


def _age(due: Due) -> str:
    days = "1 day" if due.days == 1 else f"{due.days} days"
    return f"{due.ending}, last touched {days} ago"


def _change(before: Use, after: Use, dry_run: bool) -> str:
    if dry_run:
        return f"now: {_use(before)}"
    return f"before: {_use(before)}\nafter:  {_use(after)}"


def _use(use: Use) -> str:
    from gitagent.cli.screen import amount

    tasks = f"{use.tasks} task{'' if use.tasks == 1 else 's'}"
    kept = f"{use.salvaged} salvaged, " if use.salvaged else ""
    return f"{tasks}, {kept}{amount(use.objects)} in git, {amount(use.caches)} in caches"
