"""Prices: the user's own figures first, then the tables, and an unknown price stays unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gitagent.llm.prices import cost, listed_window, priced
from gitagent.ports import ModelProfile


def profile(name: str, provider: str, into: float | None, out: float | None) -> ModelProfile:
    return ModelProfile(name, provider, 8000, 1000, "whole", input_price=into, output_price=out)


@pytest.mark.parametrize(
    ("name", "provider"), [("gpt-5-mini", "openai"), ("qwen/qwen3-coder", "openrouter")]
)
def test_known_models_are_priced_offline(name: str, provider: str) -> None:
    """The models that are chosen by default have a price, more for what comes out."""
    found = priced(profile(name, provider, None, None))
    assert 0 < (found.input_price or 0) < (found.output_price or 0) < 100


def test_the_users_figures_go_before_the_tables() -> None:
    """Each of the two prices on its own."""
    table = priced(profile("gpt-5-mini", "openai", None, None))
    assert priced(profile("gpt-5-mini", "openai", 7.0, None)).input_price == 7.0
    assert priced(profile("gpt-5-mini", "openai", 7.0, None)).output_price == table.output_price
    assert priced(profile("gpt-5-mini", "openai", None, 7.0)).input_price == table.input_price
    assert priced(profile("x", "p", 0.0, 0.0)).output_price == 0.0


@pytest.mark.parametrize("provider", ["local", "ollama", "llamacpp"])
def test_what_runs_here_is_free(provider: str) -> None:
    """A local server costs nothing whatever its model is called."""
    found = priced(profile("gpt-5-mini", provider, None, None))
    assert (found.input_price, found.output_price) == (0.0, 0.0)


def test_an_unknown_model_has_no_price() -> None:
    """None, not zero: a budget could not be kept otherwise."""
    found = priced(profile("nobody-knows-it", "mine", None, None))
    assert (found.input_price, found.output_price) == (None, None)


def test_costs_are_dollars_for_tokens() -> None:
    """Prices are per million tokens, in and out apart."""
    assert cost(profile("x", "p", 2.0, 10.0), 1_000_000, 100_000) == pytest.approx(3.0)
    assert cost(profile("x", "p", None, None), 1_000_000, 1) == 0.0


def test_cached_tokens_have_a_price_of_their_own() -> None:
    """The tables' where the price for the others is the tables', else only the user's own."""
    table = priced(profile("gpt-5-mini", "openai", None, None))
    assert 0 < (table.cached_price or 0) < (table.input_price or 0)
    assert priced(profile("gpt-5-mini", "openai", 7.0, None)).cached_price is None
    own = replace(profile("gpt-5-mini", "openai", 7.0, None), cached_price=1.0)
    assert priced(own).cached_price == 1.0
    assert priced(profile("x", "ollama", None, None)).cached_price == 0.0


def test_cached_tokens_are_charged_at_their_price() -> None:
    """A part of the prompt; without a price of their own, as any other."""
    known = replace(profile("x", "p", 2.0, 10.0), cached_price=0.5)
    assert cost(known, 50_000, 0, 40_000) == pytest.approx(0.02 + 0.02)
    assert cost(known, 50_000, 0, 90_000) == pytest.approx(0.025)
    assert cost(known, 50_000, 0, -1) == pytest.approx(0.1)
    assert cost(profile("x", "p", 2.0, 10.0), 50_000, 0, 40_000) == pytest.approx(0.1)


def test_a_long_prompt_costs_what_the_tables_say_of_long_prompts() -> None:
    """Above a limit every token costs more; what is reserved must be enough."""
    known = priced(profile("gemini-2.5-pro", "google", None, None))
    into = known.input_price or 0.0
    assert cost(known, 90_000, 0) == pytest.approx(into * 0.09)
    assert cost(known, 300_000, 0) > into * 0.3 * 1.5


def test_the_users_own_price_holds_for_long_prompts_too() -> None:
    """What somebody has agreed on has no hidden tiers."""
    known = priced(profile("gemini-2.5-pro", "google", 1.0, 1.0))
    assert cost(known, 300_000, 100_000) == pytest.approx(0.4)


def test_the_tables_know_windows() -> None:
    """Of many models, not of all."""
    assert (listed_window("gpt-5-mini", "openai") or 0) > 100_000
    assert listed_window("nobody-knows-it", "mine") is None
