"""`git agent task`: the main job."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click


@click.command("task")
@click.argument("text", required=False)
@click.option(
    "--file", "file", type=click.Path(exists=True, dir_okay=False), help="Read TEXT from a file."
)
@click.option("--base", default="HEAD", metavar="REV", help="Start from this commit.  [HEAD]")
@click.option("--branch", default="", metavar="NAME", help="Name of the branch, under agent/.")
@click.option("--model", default="", metavar="PROVIDER/NAME", help="Use this model for every call.")
@click.option(
    "--edit-format",
    type=click.Choice(["auto", "whole", "search-replace", "udiff"]),
    default="auto",
    help="How the model is asked to write edits.",
)
@click.option(
    "--plan",
    type=click.Choice(["auto", "always", "never"]),
    help="Whether a model cuts the task into steps first.",
)
@click.option("--budget", type=click.FloatRange(min=0), metavar="USD", help="Cap for this task.")
@click.option("--max-calls", type=click.IntRange(min=1), metavar="N", help="Most model calls.")
@click.option("--gate", multiple=True, metavar="CMD", help="Check with this command (repeatable).")
@click.option("--no-gate", is_flag=True, help="Check nothing; the commits say so.")
@click.option("--dry-run", is_flag=True, help="Print plan, diff and verdict; write nothing.")
@click.option(
    "--deliver",
    type=click.Choice(["branch", "patch"]),
    default="branch",
    help="What is handed over.",
)
@click.option("--include-dirty", is_flag=True, help="Start from your uncommitted work.")
@click.option("--json", "as_json", is_flag=True, help="Print the task as one JSON document.")
@click.option("-q", "--quiet", is_flag=True, help="Only warnings and the result.")
@click.option("-v", "--verbose", is_flag=True, help="Also news that is soon out of date.")
def task(
    text: str | None, file: str | None, as_json: bool, quiet: bool, verbose: bool, **wishes: Any
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

    wish = app.Wish(text=_text(text, file), **wishes)
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
