"""`git agent config`: every setting, where it came from, and a file to begin with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gitagent.config import Loaded


@click.group("config")
def config() -> None:
    """Show, make or check the configuration."""


@config.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def show(as_json: bool) -> None:
    """Show every setting, its value and where the value came from."""
    from gitagent.cli.screen import print_json, printable

    loaded = _loaded()
    if as_json:
        settings = [
            {"key": s.key, "value": _plain(s.value), "origin": s.origin} for s in loaded.settings
        ]
        print_json({"settings": settings, "ignored": loaded.ignored})
        return
    for setting in loaded.settings:
        value = printable(str(_plain(setting.value)))
        click.echo(f"{setting.key:<18} {value:<28} {setting.origin}")
    for notice in loaded.ignored:
        click.secho(printable(notice), err=True, fg="yellow")


@config.command("init")
@click.option("--user", "user", is_flag=True, help="Your own file, not the repository's.")
def init(user: bool) -> None:
    """Write a commented file to begin with; one that is there is never overwritten.

    Without --user it is gitagent.toml at the top of the checkout, with the settings that a
    repository may share.
    """
    from gitagent.config import FILE_NAME
    from gitagent.errors import ConfigError
    from gitagent.git.repository import GitRepo
    from gitagent.site import user_folder

    folder = user_folder() if user else GitRepo.open(Path.cwd()).checkout
    if folder is None:
        raise ConfigError("A bare repository has no checkout to put the file into.")
    place = folder / FILE_NAME
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with place.open("x") as file:
            file.write(_template("user" if user else "repository"))
    except FileExistsError as error:
        raise ConfigError(f"{place} is there already; it was left as it is.") from error
    click.echo(place)


@config.command("check")
def check() -> int:
    """Check all sources; the exit code is 2 where something is wrong."""
    from gitagent.cli.screen import printable
    from gitagent.errors import USAGE_EXIT_CODE

    ignored = (*_loaded().ignored, *_uncommitted())
    for notice in ignored:
        click.echo(printable(notice))
    if not ignored:
        click.echo("The configuration is in order.")
    return USAGE_EXIT_CODE if ignored else 0


def _uncommitted() -> list[str]:
    """A task reads the repository's file from its base, so an edit of it does not apply yet."""
    from gitagent.config import FILE_NAME
    from gitagent.errors import UsageError
    from gitagent.site import find_repo

    repo = find_repo(Path.cwd())
    if repo is None or repo.checkout is None or not (repo.checkout / FILE_NAME).is_file():
        return []
    try:
        committed = repo.file(repo.tree_of(repo.resolve("HEAD")), FILE_NAME)
    except UsageError:
        committed = None
    if committed and committed.data == (repo.checkout / FILE_NAME).read_bytes():
        return []
    return [f"{FILE_NAME} is not committed as it stands here; tasks use the one of their base."]


def _loaded() -> Loaded:
    from gitagent.site import find_repo, load_config

    return load_config(os.environ, find_repo(Path.cwd()))[0]


def _plain(value: object) -> object:
    """Dataclass rows as dictionaries."""
    import dataclasses

    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        row = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {name: said for name, said in row.items() if said not in ("", None, {})}
    return value


def _template(scope: str) -> str:
    """Every setting that this side may set, commented out, with its default."""
    from gitagent.config import fields

    tables: dict[str, list[str]] = {}
    for key, field in fields().items():
        if key in ("providers", "models") or (scope == "repository") != (
            field.metadata["scope"] == "repository"
        ):
            continue
        table, _, name = key.rpartition(".")
        tables.setdefault(table, []).append(
            f"# {field.metadata['help']}\n# {name} = {_toml(field.default)}\n"
        )
    # what stands in no table goes first: uncommented below one, it would belong to that
    parts = [_INTRO[scope], *tables.pop("", []), *_EXAMPLES[scope]]
    parts += [f"[{table}]\n" + "".join(rows) for table, rows in tables.items()]
    return "\n".join(parts)


def _toml(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, bool):
        return str(value).lower()
    return "[]" if isinstance(value, tuple) else str(value)


_INTRO = {
    "repository": "# Settings of gitagent that everybody who works on this repository shares.\n"
    "# `git agent config show` says what applies and where it came from.\n",
    "user": "# Your own settings of gitagent. Keys are read from the environment or from .env\n"
    "# beside this file; only their names stand here.\n",
}

_EXAMPLES = {
    "repository": (),
    "user": (
        (
            "# [providers.work]\n"
            '# base_url = "https://llm.example.org/v1"\n'
            '# key_env = "WORK_LLM_KEY"\n'
            '# model = "qwen3-coder"\n'
        ),
        (
            '# [models."qwen3-coder"]\n'
            "# window = 131072\n"
            "# input_price = 0.3\n"
            "# output_price = 1.0\n"
            "# scores = { plan = 70, code = 75 }\n"
        ),
    ),
}
