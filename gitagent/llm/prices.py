"""What tokens cost: the user's own figures first, then the genai-prices tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from gitagent.ports import ModelProfile

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

PER_MILLION = 1e-6
FREE = ("local", "ollama", "llamacpp")
USUAL_PROMPT, LONG_PROMPT = 50_000, 100_000
"""Tokens. Some providers charge more for each token of a prompt that is longer than the latter."""


@dataclass(frozen=True)
class Price:
    """USD per million tokens: in, out, and in where the provider had them in its cache."""

    input: float
    output: float
    cached: float


def priced(profile: ModelProfile) -> ModelProfile:
    """The profile with its prices filled in, where anybody knows them."""
    if profile.provider in FREE:
        return _filled(profile, Price(0.0, 0.0, 0.0))
    if None not in (profile.input_price, profile.output_price, profile.cached_price):
        return profile
    found = _listed(profile.name, profile.provider, USUAL_PROMPT)
    return _filled(profile, found) if found else profile


def cost(profile: ModelProfile, prompt: int, completion: int, cached: int = 0) -> float:
    """USD for tokens in and out, `cached` of the former; 0 where the price is unknown."""
    if prompt >= LONG_PROMPT:
        profile = _for_long(profile, prompt)
    into, out = profile.input_price or 0.0, profile.output_price or 0.0
    again = into if profile.cached_price is None else profile.cached_price
    kept = min(max(cached, 0), prompt)
    return ((prompt - kept) * into + kept * again + completion * out) * PER_MILLION


def listed_window(name: str, provider: str) -> int | None:
    """Tokens of a model's window, where the tables have it."""
    found = _calculated(name, provider, 1)
    return found[0].model.context_window if found else None


def _filled(profile: ModelProfile, price: Price) -> ModelProfile:
    into, out, again = profile.input_price, profile.output_price, profile.cached_price
    # a table's price for cached tokens belongs to its price for the others
    table = price.cached if into in (None, price.input) else None
    return replace(
        profile,
        input_price=price.input if into is None else into,
        output_price=price.output if out is None else out,
        cached_price=table if again is None else again,
    )


def _for_long(profile: ModelProfile, prompt: int) -> ModelProfile:
    """With the prices for a prompt so long, where the usual ones are the tables'."""
    if profile.provider in FREE:
        return profile
    usual = _listed(profile.name, profile.provider, USUAL_PROMPT)
    long = _listed(profile.name, profile.provider, prompt)
    if usual is None or long is None or usual == long:
        return profile
    return replace(
        profile,
        input_price=_swapped(profile.input_price, usual.input, long.input),
        output_price=_swapped(profile.output_price, usual.output, long.output),
        cached_price=_swapped(profile.cached_price, usual.cached, long.cached),
    )


def _swapped(own: float | None, usual: float, long: float) -> float | None:
    return long if own == usual else own


@cache
def _listed(name: str, provider: str, prompt: int) -> Price | None:
    """What each token costs that goes with a prompt of so many."""
    found = _calculated(name, provider, prompt)
    if found is None:
        return None
    plain, again = found
    parts = (plain.input_price, plain.output_price, again.input_price)
    return Price(*(round(float(part) / prompt / PER_MILLION, 6) for part in parts))


def _calculated(name: str, provider: str, prompt: int) -> tuple[PriceCalculation, ...] | None:
    """The price of so many tokens in and out, and of as many out of the provider's cache."""
    from genai_prices import Usage, calc_price

    plain = Usage(input_tokens=prompt, output_tokens=prompt)
    again = Usage(input_tokens=prompt, cache_read_tokens=prompt)
    for owner in (provider, None):
        try:
            return tuple(calc_price(u, model_ref=name, provider_id=owner) for u in (plain, again))
        except LookupError:
            continue
    return None
