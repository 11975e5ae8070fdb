"""Which model answers: asked for, configured, found by a key, found by a port, here, or none."""

from __future__ import annotations

import socket
from collections.abc import Mapping

import pytest

from gitagent.config import Config, ModelRow, Provider
from gitagent.errors import NoModel, ProviderUnavailable, UsageError
from gitagent.llm import choose as module
from gitagent.llm.choose import LOCAL_MODEL, Choice, World, choose, providers
from gitagent.llm.client import Endpoint
from gitagent.testing.scripted import ScriptedServer

KEYS = {"OPENAI_API_KEY": "FAKEKEY-openai", "OPENROUTER_API_KEY": "FAKEKEY-router"}
OWN = Provider("own", "http://127.0.0.1:1/v1", "OWN_KEY", "own-model")


@pytest.fixture(autouse=True)
def no_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What listens on the usual ports of this machine is not the test's business."""
    monkeypatch.setattr(module, "SERVERS", ())


def pick(
    config: Config | None = None,
    environ: Mapping[str, str] | None = None,
    wanted: str = "",
    names: list[str] | None = None,
    local: bool = False,
) -> Choice:
    def offered(_at: Endpoint) -> list[str]:
        if names is None:
            raise ProviderUnavailable("own cannot be reached.")
        return names

    return choose(config or Config(), World(environ or {}, offered, lambda: local), wanted)


def where(choice: Choice) -> str:
    return f"{choice.profile.provider}/{choice.profile.name}"


def test_without_anything_the_ways_out_are_said() -> None:
    """Wrong usage, with every way to get a model in the hint."""
    with pytest.raises(NoModel) as caught:
        pick()
    assert caught.value.exit_code == 2
    assert "OPENAI_API_KEY" in caught.value.hint


def test_the_stronger_wish_wins() -> None:
    """--model, then the configured model, a configured provider, keys, and what is here."""
    own = Config(providers=(OWN,))
    keys = {**KEYS, "OWN_KEY": "FAKEKEY-own"}
    asked = Config(model="openrouter/b", providers=(OWN,))
    assert where(pick(asked, keys, "openai/a", local=True)) == "openai/a"
    assert where(pick(asked, keys, local=True)) == "openrouter/b"
    assert where(pick(own, keys, local=True)) == "own/own-model"
    assert where(pick(own, KEYS, local=True)) == "openai/gpt-5-mini"
    assert where(pick(own, {"OPENROUTER_API_KEY": "k"})) == "openrouter/qwen/qwen3-coder"
    assert where(pick(local=True)) == f"local/{LOCAL_MODEL}"


def test_a_name_may_hold_slashes_and_colons() -> None:
    """Only the first slash parts the provider from the name."""
    choice = pick(environ=KEYS, wanted="openrouter/qwen/qwen3:free")
    assert where(choice) == "openrouter/qwen/qwen3:free"
    assert choice.endpoint == Endpoint(
        "openrouter", "https://openrouter.ai/api/v1", "qwen/qwen3:free", "FAKEKEY-router"
    )
    assert "FAKEKEY" not in repr(choice)


def test_the_local_model_has_no_endpoint_yet() -> None:
    """It is started when it is needed; asked for by name, it need not be there."""
    for wanted in ("local", f"local/{LOCAL_MODEL}"):
        choice = pick(environ=KEYS, wanted=wanted)
        assert (where(choice), choice.endpoint) == (f"local/{LOCAL_MODEL}", None)


@pytest.mark.parametrize("wanted", ["nobody/x", "gpt-5-mini", "/x", "OpenAI/x"])
def test_an_unknown_provider_is_named_with_the_known_ones(wanted: str) -> None:
    """A name without its provider is wrong usage, and the hint lists what can be written."""
    with pytest.raises(UsageError) as caught:
        pick(Config(providers=(OWN,)), wanted=wanted)
    assert all(name in caught.value.hint for name in ("own", "openai", "openrouter", "local"))


def test_a_missing_key_is_named_not_shown() -> None:
    """The name of the variable, and where to put it."""
    for environ in ({}, {"OPENAI_API_KEY": ""}):
        with pytest.raises(UsageError, match="OPENAI_API_KEY is not set"):
            pick(environ=environ, wanted="openai/x")


def test_another_endpoint_must_say_what_it_offers() -> None:
    """With OPENAI_BASE_URL and no name: its only model, or a list to choose from."""
    environ = {**KEYS, "OPENAI_BASE_URL": "http://127.0.0.1:1/v1"}
    assert where(pick(environ=environ, names=["only"])) == "openai/only"
    with pytest.raises(UsageError, match="a, b"):
        pick(environ=environ, names=["a", "b"])
    with pytest.raises(UsageError, match="none"):
        pick(environ=environ, names=[])
    with pytest.raises(NoModel, match="cannot be reached") as caught:
        pick(environ=environ)
    assert "--model openai/NAME" in caught.value.hint


def test_an_own_provider_takes_the_place_of_a_built_in_one() -> None:
    """A user's [providers.openai] is the openai that is meant."""
    own = Provider("openai", "http://127.0.0.1:1/v1", "", "m")
    config = Config(providers=(own,))
    assert [p for p in providers(config, {}) if p.name == "openai"] == [own]
    choice = pick(config, wanted="openai/x")
    assert choice.endpoint == Endpoint("openai", own.base_url, "x", "")


def test_the_users_row_of_a_model_counts() -> None:
    """What the configuration knows of the model is in the profile."""
    config = Config(models=(ModelRow("a", window=123),))
    assert pick(config, KEYS, "openai/a").profile.window == 123


def test_a_server_that_listens_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the local weights, and only where something answers the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = Provider("closed", f"http://127.0.0.1:{free.getsockname()[1]}/v1")
    with ScriptedServer([]) as server:
        monkeypatch.setattr(module, "SERVERS", (closed, Provider("llamacpp", server.base_url)))
        choice = pick(names=["x"], local=True)
    assert where(choice) == "llamacpp/x"
    assert server.base_url in choice.why
