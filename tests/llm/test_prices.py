"""Prices: the user's own figures first, then the tables, and an unknown price stays unknown."""

from __future__ import annotations

import pytest

from gitagent.llm.prices import cost, priced
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
