"""The configuration and the places where models can be asked, for commands about models."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gitagent.config import Config
    from gitagent.llm.choose import World
    from gitagent.llm.client import Endpoint
    from gitagent.llm.offered import Offer
    from gitagent.rows import Provider


def asking() -> tuple[Config, World]:
    """What is configured here, and a world whose warnings go to people."""
    import dataclasses
    from pathlib import Path

    from gitagent import models
    from gitagent.llm.keys import keyring_for
    from gitagent.site import find_repo, load_config

    loaded, environ = load_config(os.environ, find_repo(Path.cwd()))
    keyring = keyring_for(loaded.config.keyring, warn)
    return loaded.config, dataclasses.replace(models.world(environ), keyring=keyring, warn=warn)


def warn(text: str) -> None:
    """A sentence for people, on stderr."""
    from gitagent.cli.screen import printable

    click.secho(printable(text), err=True, fg="yellow")


def places(config: Config, world: World) -> tuple[Provider, ...]:
    """The providers that can be asked: with their key, and servers here only where one listens."""
    from gitagent.llm import places

    return tuple(
        provider
        for provider in places.providers(config, world.environ)
        if world.can_ask(provider)
        and (provider not in places.SERVERS or places.listens(provider.base_url))
    )


def offered(endpoint: Endpoint) -> list[Offer] | None:
    """What an endpoint offers; None, and a warning, where it does not say."""
    from gitagent.errors import ProviderError
    from gitagent.llm.offered import offers

    try:
        return offers(endpoint)
    except ProviderError as error:
        warn(str(error))
        return None
