"""Task ids for shell completion: quick, and silent wherever there is nothing to complete."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

    from gitagent.git.repository import GitRepo

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
    from gitagent.git.log import FAMILY
    from gitagent.git.repository import GitRepo

    repo = GitRepo.open(Path.cwd())
    for ref in repo.refs(FAMILY + beginning):
        task_id = ref.removeprefix(FAMILY)
        yield task_id, _text(repo, task_id)


def _text(repo: GitRepo, task_id: str) -> str:
    """One line of what was asked; nothing where the task cannot be read."""
    from gitagent.cli.screen import printable
    from gitagent.errors import AgentError
    from gitagent.git.log import TaskLog

    try:
        text = TaskLog.load(repo, task_id).state.task.text
    except AgentError:
        return ""
    return printable(" ".join(text.split()))[:LONGEST_HELP]
