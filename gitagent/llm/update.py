"""What endpoints say of their models, as rows for the user's file.

Only what was said goes into a row. Longer replies than we ask for are not offered to a task, since
every call is reserved at the price of the longest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from gitagent.config import Config
from gitagent.llm.offered import Offer
from gitagent.llm.places import SERVERS
from gitagent.llm.prices import listed_window
from gitagent.llm.profiles import is_known, profile
from gitagent.rows import Provider

LONGEST_REPLY = 32_000
SHARE_OF_REPLY = 4
"""A reply has at most this part of the window; the rest is for the question."""


@dataclass(frozen=True)
class Found:
    """Rows by their name with the fields that were offered, the names that nobody offers, and the
    models of which nothing but the name is known."""

    rows: Mapping[str, Mapping[str, Any]]
    missing: tuple[str, ...]
    silent: tuple[str, ...]


def named(config: Config) -> tuple[str, ...]:
    """The models that the configuration names, in its rows, routes and providers."""
    own = [f"{each.name}/{each.model}" for each in config.providers if each.model]
    rows = [row.name for row in config.models]
    return tuple(filter(None, dict.fromkeys([*rows, *config.route_models, config.model, *own])))


def places_of(names: Sequence[str], providers: Sequence[Provider]) -> tuple[Provider, ...]:
    """Who must be asked about these names: their own providers, or all for a bare name."""
    firsts = {name.partition("/")[0] for name in names if "/" in name}
    known = {provider.name for provider in providers}
    if all(name.partition("/")[0] in known for name in names):
        return tuple(provider for provider in providers if provider.name in firsts)
    return tuple(providers)


def found(config: Config, names: Sequence[str], offers: Mapping[str, Sequence[Offer]]) -> Found:
    """The rows for all that the names, or patterns of names, fit. `offers` are by provider."""
    rows: dict[str, Mapping[str, Any]] = {}
    hits: set[str] = set()
    for provider, offered in offers.items():
        for offer in offered:
            fitting = [name for name in names if _fits(name, provider, offer.name)]
            hits.update(fitting)
            if fitting and offer.name.isprintable():
                row = _row_name(config, provider, offer.name)
                rows.setdefault(row, _fields(provider, offer))
    return Found(
        {name: fields for name, fields in rows.items() if fields},
        missing=tuple(name for name in names if name not in hits),
        silent=tuple(name for name, fields in rows.items() if not fields),
    )


def _fits(name: str, provider: str, model: str) -> bool:
    return any(each == name or fnmatchcase(each, name) for each in (f"{provider}/{model}", model))


def _row_name(config: Config, provider: str, model: str) -> str:
    """The row that the user has for it, else one of its full name."""
    own = {row.name for row in config.models}
    ref = f"{provider}/{model}"
    return model if model in own and ref not in own else ref


def _fields(provider: str, offer: Offer) -> dict[str, Any]:
    window = offer.window
    if window is None and not is_known(offer.name):
        window = listed_window(offer.name, provider)
    own_price = provider not in {server.name for server in SERVERS}
    fields = {
        "window": window,
        "max_output": _longest(provider, offer, window),
        "input_price": offer.input_price if own_price else None,
        "output_price": offer.output_price if own_price else None,
        "cached_price": offer.cached_price if own_price else None,
        "takes_temperature": offer.takes_temperature,
        "takes_schema": offer.takes_schema,
        "takes_tools": offer.takes_tools,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _longest(provider: str, offer: Offer, window: int | None) -> int | None:
    known = profile(offer.name, provider)
    share = (window or known.window) // SHARE_OF_REPLY
    if offer.max_output is not None:
        return min(offer.max_output, LONGEST_REPLY, share)
    return share if known.max_output > share else None
