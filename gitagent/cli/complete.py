"""Task ids for shell completion: quick, and silent wherever there is nothing to complete."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

LONGEST_HELP = 60


def task_ids(
    _ctx: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """The tasks of this repository whose id begins so, each with the first words of its text."""
    from click.shell_completion import CompletionItem

    try:
        return [CompletionItem(task_id, help=text) for task_id, text in _tasks(incomplete)]
    except Exception:  # noqa: BLE001  whatever is wrong here, Tab is not the place to say it
        return []


def _tasks(beginning: str) -> Iterator[tuple[str, str]]:
    """Ids, each with one line of what was asked; nothing where the task cannot be read."""
    from gitagent.cli.screen import printable
    from gitagent.git.log import listing
    from gitagent.git.repository import GitRepo

    found, unreadable = listing(GitRepo.open(Path.cwd()), beginning)
    for each in found:
        text = each.text[: 10 * LONGEST_HELP]
        yield each.id, printable(" ".join(text.split()))[:LONGEST_HELP]
    yield from ((bad.id, "") for bad in unreadable)
