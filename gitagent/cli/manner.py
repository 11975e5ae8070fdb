"""The options that say how a task is worked on; the same for every command that does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gitagent.app import Manner

OPTIONS = (
    click.option(
        "--model",
        multiple=True,
        metavar="[JOB=]PROVIDER/NAME",
        help="Use this model for every call, or for one job: plan, code, repair (repeatable).",
    ),
    click.option(
        "--edit-format",
        type=click.Choice(["auto", "whole", "search-replace", "udiff"]),
        default="auto",
        help="How the model is asked to write edits.",
    ),
    click.option(
        "--plan",
        type=click.Choice(["auto", "always", "never"]),
        help="Whether a model cuts the task into steps first.",
    ),
    click.option(
        "--candidates",
        type=click.IntRange(min=1, max=16),
        metavar="N",
        help="Proposals side by side in each try; the gate decides.",
    ),
    click.option(
        "--budget", type=click.FloatRange(min=0), metavar="USD", help="Cap for this task."
    ),
    click.option("--max-calls", type=click.IntRange(min=1), metavar="N", help="Most model calls."),
    click.option(
        "--cache", is_flag=True, help="Answer what any task here has asked before out of its log."
    ),
    click.option(
        "--gate", multiple=True, metavar="CMD", help="Check with this command (repeatable)."
    ),
    click.option("--no-gate", is_flag=True, help="Check nothing; the commits say so."),
    click.option(
        "--deliver",
        type=click.Choice(["branch", "patch"]),
        default="branch",
        help="What is handed over.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print the task as one JSON document."),
    click.option("-q", "--quiet", is_flag=True, help="Only warnings and the result."),
    click.option("-v", "--verbose", is_flag=True, help="Also news that is soon out of date."),
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command's function, in this order."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def taken(given: dict[str, Any]) -> Manner:
    """The manner out of a command's keyword arguments, which keep the rest."""
    from gitagent.app import Manner

    return Manner(**{f.name: given.pop(f.name) for f in fields(Manner)})
