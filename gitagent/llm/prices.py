"""What tokens cost: the user's own figures first, then the genai-prices tables."""

from __future__ import annotations

from dataclasses import replace

from gitagent.ports import ModelProfile

PER_MILLION = 1e-6
FREE = ("local", "ollama", "llamacpp")


def priced(profile: ModelProfile) -> ModelProfile:
    """The profile with its prices filled in, where anybody knows them."""
    if profile.input_price is not None and profile.output_price is not None:
        return profile
    if profile.provider in FREE:
        return replace(profile, input_price=0.0, output_price=0.0)
    found = _listed(profile.name, profile.provider)
    if found is None:
        return profile
    into, out = profile.input_price, profile.output_price
    return replace(
        profile,
        input_price=found[0] if into is None else into,
        output_price=found[1] if out is None else out,
    )


def cost(profile: ModelProfile, prompt: int, completion: int) -> float:
    """USD for tokens in and out; 0 where the price is unknown."""
    into, out = profile.input_price or 0.0, profile.output_price or 0.0
    return (prompt * into + completion * out) * PER_MILLION


def _listed(name: str, provider: str) -> tuple[float, float] | None:
    """USD for a million tokens in and a million out."""
    from genai_prices import Usage, calc_price

    million = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
    for owner in (provider, None):
        try:
            found = calc_price(million, model_ref=name, provider_id=owner)
        except LookupError:
            continue
        return float(found.input_price), float(found.output_price)
    return None
