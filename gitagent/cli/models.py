"""`git agent models`: what can answer, and the weights of the local model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gitagent.config import Config
    from gitagent.llm.choose import World


@click.group("models", invoke_without_command=True)
@click.pass_context
def models(ctx: click.Context) -> None:
    """List models, or pull the local one."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(as_json: bool) -> None:
    """List what the configured endpoints offer; `*` marks what a task would use."""
    from pathlib import Path

    from gitagent import models as chosen
    from gitagent.cli.screen import print_json, printable
    from gitagent.errors import AgentError
    from gitagent.site import find_repo, load_config

    loaded, environ = load_config(os.environ, find_repo(Path.cwd()))
    try:
        used = chosen.pick(loaded.config, environ, "").profile
        default = f"{used.provider}/{used.name}"
    except AgentError as error:
        default = ""
        click.secho(printable(f"{error} {error.hint}"), err=True, fg="yellow")
    rows = _rows(loaded.config, chosen.world(environ), default)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        mark = "*" if row["default"] else " "
        click.echo(
            f"{mark} {printable(str(row['model'])):<44} window {row['window']:>8}  "
            f"edits {row['edit_format']:<14} {'weak' if row['weak'] else ''}".rstrip()
        )


@models.command("pull")
@click.argument("name")
def pull(name: str) -> None:
    """Fetch the weights of a local model, for use without any server or key.

    A pull that was interrupted goes on where it stopped. Nothing but the one known SHA-256 is
    accepted, whatever the source.
    """
    from gitagent.cli.bar import Bar
    from gitagent.llm.local import weights
    from gitagent.llm.local.pull import pull as pull_weights
    from gitagent.llm.local.sources import default_sources

    known = weights.known(name)
    with Bar() as bar:
        place = pull_weights(known, weights.default_folder(), default_sources(), bar)
    click.echo(place)


def _rows(config: Config, world: World, default: str) -> list[dict[str, object]]:
    from gitagent.llm.choose import LOCAL, LOCAL_MODEL, endpoint, providers
    from gitagent.llm.profiles import profile

    found = [(LOCAL, LOCAL_MODEL)] if world.local_present() else []
    for provider in providers(config, world.environ):
        if not provider.key_env or world.environ.get(provider.key_env):
            names = _offered(world, endpoint(provider, "", world.environ))
            found += [(provider.name, name) for name in names]
    rows = []
    for provider_name, name in dict.fromkeys(found):
        known = profile(name, provider_name, config.models)
        rows.append(
            {
                "model": f"{provider_name}/{name}",
                "default": f"{provider_name}/{name}" == default,
                "window": known.window,
                "max_output": known.max_output,
                "edit_format": known.edit_format,
                "weak": known.weak,
            }
        )
    return rows


def _offered(world: World, endpoint: object) -> list[str]:
    from gitagent.errors import ProviderError
    from gitagent.llm.client import Endpoint

    assert isinstance(endpoint, Endpoint)
    try:
        return world.names(endpoint)
    except ProviderError:
        return []
