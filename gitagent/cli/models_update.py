"""What endpoints say of their models, as a change of the user's file that is looked at first."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gitagent.user_file import Rows

PATTERN = "`git agent models update openrouter/qwen/*`"


def updating(names: Sequence[str], *, yes: bool) -> None:
    """Print the change as a diff; write it with `yes`, or where somebody agrees.

    Raises UsageError where there is nothing to ask about, ProviderError where nobody answers.
    """
    from gitagent import user_file
    from gitagent.cli.screen import colored_diff
    from gitagent.config import FILE_NAME
    from gitagent.site import user_folder

    place = user_folder() / FILE_NAME
    old = user_file.read(place)
    new = user_file.with_rows(old, _rows(place, names))
    if new == old:
        click.echo(f"{place}: nothing to change.", err=True)
        return
    click.echo(colored_diff(_diff(str(place), old, new)), nl=False)
    if yes or _agreed():
        user_file.replace(place, old, new)
        click.echo(f"{place} is written.", err=True)
    else:
        click.echo("Nothing was written; with --yes it is.", err=True)


def _rows(place: Path, names: Sequence[str]) -> Rows:
    """What the endpoints say of the models that were named, here or in the configuration."""
    from gitagent.cli.asking import asking, offered, places, warn
    from gitagent.errors import ProviderUnavailable, UsageError
    from gitagent.llm import update

    config, world = asking()
    wanted = tuple(names) or update.named(config)
    if not wanted:
        raise UsageError(f"{place} names no model yet.", hint=f"Name some: {PATTERN}.")
    asked = update.places_of(wanted, places(config, world))
    answers = {each.name: offered(world.endpoint(each)) for each in asked}
    offers = {name: said for name, said in answers.items() if said is not None}
    if not offers:
        raise ProviderUnavailable("No endpoint said what it offers.")
    found = update.found(config, wanted, offers)
    for name in found.missing:
        warn(f"No endpoint that was asked offers {name}.")
    for ref in found.silent:
        warn(f"Of {ref} its endpoint says no more than the name.")
    return found.rows


def _diff(name: str, old: str, new: str) -> str:
    import difflib

    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), name, name
    )
    whole = (
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
    return "".join(whole)


def _agreed() -> bool:
    """Whether somebody is there and says yes."""
    terminal = sys.stdin.isatty() and sys.stderr.isatty()
    return terminal and click.confirm("Write this?", err=True)
