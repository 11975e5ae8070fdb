"""`git agent task`: the main job."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from gitagent.cli import manner


@click.command("task")
@click.argument("text", required=False)
@click.option(
    "--file", "file", type=click.Path(exists=True, dir_okay=False), help="Read TEXT from a file."
)
@click.option("--base", default="HEAD", metavar="REV", help="Start from this commit.  [HEAD]")
@click.option("--branch", default="", metavar="NAME", help="Name of the branch, under agent/.")
@click.option("--dry-run", is_flag=True, help="Print plan, diff and verdict; write nothing.")
@click.option("--include-dirty", is_flag=True, help="Start from your uncommitted work.")
@manner.options
def task(
    text: str | None, file: str | None, as_json: bool, quiet: bool, verbose: bool, **given: Any
) -> int:
    """Turn TEXT into a branch of gated commits.

    TEXT says what should change; `-` reads it from stdin. The result is the branch
    agent/<slug>-<id>, one commit a step. Your own branch, index and files stay as they are.

    \b
    git agent task "Reject negative amounts in parse_price"
    git agent task --file issue.md --plan always --budget 0.50
    git agent task "Add --json to the export command" --dry-run
    """
    from gitagent import app
    from gitagent.cli import ended, here
    from gitagent.cli.screen import Progress

    wish = app.Wish(_text(text, file), manner=manner.taken(given), **given)
    progress = Progress(quiet, verbose)
    try:
        outcome = app.start(here.site(wish.base), wish, progress)
    finally:
        progress.close()
    return ended.tell(outcome, as_json=as_json)


def _text(text: str | None, file: str | None) -> str:
    if (text is None) == (file is None):
        raise click.UsageError('Say what to do: `git agent task "…"`, or `--file F`, or `-`.')
    if file is not None:
        data = Path(file).read_bytes()
    elif text == "-":
        data = sys.stdin.buffer.read()
    else:
        data = os.fsencode(text or "")
    return data.decode(errors="replace")
