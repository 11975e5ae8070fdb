"""What endpoints say of models becomes rows: which are meant, and what is worth writing."""

from __future__ import annotations

from typing import Any

import pytest

from gitagent.config import Config
from gitagent.llm.offered import Offer
from gitagent.llm.update import Found, found, named, places_of
from gitagent.rows import ModelRow, Provider

OWN = Provider("own", "http://127.0.0.1:1/v1", "", "own-model")
OTHER = Provider("other", "http://127.0.0.1:2/v1")


def rows(name: str, *offers: Offer, config: Config | None = None, provider: str = "own") -> Any:
    return found(config or Config(), (name,), {provider: offers}).rows


def test_without_a_name_it_is_what_the_configuration_names() -> None:
    """Rows, routes, the one model and those of the providers, each once."""
    config = Config(
        model="own/c",
        providers=(OWN, OTHER),
        models=(ModelRow("own/a"), ModelRow("b")),
        route_models=("own/a", "own/d"),
    )
    assert named(config) == ("own/a", "b", "own/d", "own/c", "own/own-model")
    assert named(Config()) == ()


def test_only_the_providers_that_are_meant_are_asked() -> None:
    """A name without one may be anybody's; so may an organisation's."""
    both = (OWN, OTHER)
    assert places_of(["own/a", "own/b*"], both) == (OWN,)
    assert places_of(["own/a", "b"], both) == both
    assert places_of(["qwen/qwen3-coder"], both) == both
    assert places_of(["*"], both) == both


def test_names_may_be_patterns() -> None:
    """Of the whole name or of the model's own."""
    offers = (Offer("q/a", 100), Offer("q/b", 100), Offer("z", 100))
    assert list(rows("own/q/*", *offers)) == ["own/q/a", "own/q/b"]
    assert list(rows("q/*", *offers)) == ["own/q/a", "own/q/b"]
    assert list(rows("z", *offers)) == ["own/z"]


def test_a_row_that_is_there_is_the_one_that_changes() -> None:
    """By the bare name, too, so that no second row contradicts it."""
    bare, whole = Config(models=(ModelRow("a"),)), Config(models=(ModelRow("a"), ModelRow("own/a")))
    assert list(rows("a", Offer("a", 100), config=bare)) == ["a"]
    assert list(rows("a", Offer("a", 100), config=whole)) == ["own/a"]


def test_only_what_was_said_is_written() -> None:
    """Of a model that is nothing but a name there is no row."""
    offer = Offer("gpt-5-mini", input_price=1.0, takes_tools=False)
    assert rows("own/*", offer) == {"own/gpt-5-mini": {"input_price": 1.0, "takes_tools": False}}
    silent = found(Config(), ("own/*", "own/none"), {"own": [Offer("gpt-5-mini")]})
    assert silent == Found({}, missing=("own/none",), silent=("own/gpt-5-mini",))


@pytest.mark.parametrize(
    ("window", "most", "written"),
    [
        (400_000, 128_000, 32_000),
        (8_000, 8_000, 2_000),
        (32_000, 4_000, 4_000),
        (4_000, None, 1_000),
    ],
)
def test_a_reply_leaves_room_for_the_question(window: int, most: int | None, written: int) -> None:
    """A limit as large as the window would leave none, and a huge one would be reserved for."""
    fields = rows("own/x", Offer("x", window, most))["own/x"]
    assert (fields["window"], fields["max_output"]) == (window, written)


def test_a_server_of_this_machine_has_no_price() -> None:
    """Whatever it says."""
    offer = Offer("x", 100_000, input_price=1.0, output_price=1.0, cached_price=1.0)
    assert rows("ollama/x", offer, provider="ollama") == {"ollama/x": {"window": 100_000}}


def test_a_window_that_nobody_said_is_looked_up() -> None:
    """For a model that no shipped row fits, where the price tables know it."""
    assert rows("own/*", Offer("gpt-5-mini")) == {}
    said = rows("openrouter/*", Offer("amazon/nova-pro-v1"), provider="openrouter")
    assert said["openrouter/amazon/nova-pro-v1"]["window"] > 32_768


def test_a_name_that_could_play_tricks_is_left_out() -> None:
    """A line end or an escape in it belongs to no model."""
    assert rows("own/*", Offer("a\nb", 100), Offer("a\x1b[31m", 100)) == {}
