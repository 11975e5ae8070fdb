"""The capability matrix: a row for each model that can be asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gitagent.config import Config
    from gitagent.llm.choose import World
    from gitagent.ports import ModelProfile

HEAD = (
    *("  MODEL", "WINDOW", "IN", "OUT", "EDITS", "CAN"),
    *("PLAN ", "CODE ", "REPAIR ", "ASK ", "REVIEW "),
    *("FIRST", "TOKENS/S"),
)
LEFT = (0, 4, 5)
"""The columns of text; the others are figures."""


def listing(*, as_json: bool, shipped: bool) -> None:
    """Print the matrix, `shipped` with the rows that stand for whole families, too."""
    from gitagent.cli.asking import asking
    from gitagent.cli.columns import aligned
    from gitagent.cli.screen import print_json, printable
    from gitagent.llm import profiles

    config, world = asking()
    chosen = _chosen(config, world)
    rows = [_row(each, chosen.get(each.ref, ())) for each in _profiles(config, world, chosen)]
    if shipped:
        rows += [{**_row(each, ()), "shipped": True} for each in profiles.shipped()]
    if as_json:
        print_json(rows)
        return
    cells = [[printable(cell) for cell in _cells(row)] for row in rows]
    for line in aligned([HEAD, *cells], LEFT):
        click.echo(line)


def _chosen(config: Config, world: World) -> dict[str, tuple[str, ...]]:
    """The jobs that each model would do, by its name."""
    from gitagent.cli.asking import warn
    from gitagent.errors import AgentError
    from gitagent.llm.choose import routes
    from gitagent.llm.pins import JOBS

    try:
        ranked = routes(config, world, jobs=JOBS)
    except AgentError as error:
        warn(f"{error} {error.hint}")
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for job, models in ranked.items():
        for n, each in enumerate(models):
            ref = each.choice.profile.ref
            found[ref] = (*found.get(ref, ()), job) if n == 0 else found.get(ref, ())
    return found


def _profiles(config: Config, world: World, chosen: Iterable[str]) -> list[ModelProfile]:
    """What can be asked: offered at an endpoint, or meant by the configuration."""
    from gitagent.cli.asking import offered, places
    from gitagent.llm.choose import LOCAL, LOCAL_MODEL
    from gitagent.llm.prices import priced
    from gitagent.llm.profiles import profile

    names = [f"{LOCAL}/{LOCAL_MODEL}"] if world.local_present() else []
    for provider in places(config, world):
        offers = offered(world.endpoint(provider)) or ()
        names += [f"{provider.name}/{offer.name}" for offer in offers]
    refs = (ref.partition("/") for ref in dict.fromkeys([*names, *chosen]))
    return [priced(profile(name, provider, config.models)) for provider, _, name in refs]


def _row(known: ModelProfile, jobs: Sequence[str]) -> dict[str, Any]:
    return {
        "model": known.ref if known.provider else known.name,
        "default": "code" in jobs,
        "jobs": list(jobs),
        "window": known.window,
        "max_output": known.max_output,
        "edit_format": known.edit_format,
        "weak": known.weak,
        "tools": known.takes_tools,
        "json": known.takes_schema,
        "temperature": known.takes_temperature,
        "cache": known.cache,
        "several": known.takes_n,
        "candidates": known.candidates,
        "input_price": known.input_price,
        "output_price": known.output_price,
        "cached_price": known.cached_price,
        "scores": vars(known.scores),
        "first_token_s": known.first_token_s,
        "tokens_per_s": known.tokens_per_s,
    }


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    can = ("tools", "json", "cache", "weak")
    scores = (f"{s:g}{'*' if job in row['jobs'] else ' '}" for job, s in row["scores"].items())
    return (
        f"{'*' if row['default'] else ' '} {row['model']}",
        f"{row['window']:,}",
        _price(row["input_price"]),
        _price(row["output_price"]),
        row["edit_format"],
        ",".join(name for name in can if row[name]),
        *scores,
        *(f"{row[name]:g}" if row[name] else "?" for name in ("first_token_s", "tokens_per_s")),
    )


def _price(usd: float | None) -> str:
    return "?" if usd is None else "free" if usd == 0 else f"{usd:.2f}"
