"""Which model answers: asked for, configured, found by a key, found by a port, here, or none."""

from __future__ import annotations

import dataclasses
import socket
import subprocess
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from gitagent.config import Config
from gitagent.errors import NoModel, ProviderUnavailable, UsageError
from gitagent.llm import places as module
from gitagent.llm.choose import LOCAL_MODEL, Choice, World, candidates, routes
from gitagent.llm.client import Endpoint
from gitagent.llm.places import providers
from gitagent.rows import ModelRow, Provider, ScoreRow
from gitagent.testing.scripted import ScriptedServer

KEYS = {"OPENAI_API_KEY": "FAKEKEY-openai", "OPENROUTER_API_KEY": "FAKEKEY-router"}
OWN = Provider("own", "http://127.0.0.1:1/v1", "OWN_KEY", "own-model")


@pytest.fixture(autouse=True)
def no_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What listens on the usual ports of this machine is not the test's business."""
    monkeypatch.setattr(module, "SERVERS", ())


def choose(config: Config, found: World, wanted: str = "") -> Choice:
    """The model that writes a task's code."""
    return routes(config, found, (wanted,), jobs=("code",))["code"][0].choice


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


OTHER = Provider("other", "http://127.0.0.1:1/v1", "OTHER_KEY", "other-model")
ROUTES = Config(
    providers=(OWN, OTHER),
    route_models=("own/a", "other/b", "local"),
    models=(
        ModelRow("own/a", scores=ScoreRow(plan=90, code=50)),
        ModelRow("other/b", scores=ScoreRow(plan=50, code=90)),
    ),
)
BOTH = {"OWN_KEY": "FAKEKEY-own", "OTHER_KEY": "FAKEKEY-other"}


def unasked(_at: Endpoint) -> list[str]:
    raise AssertionError("nobody needs to be asked what it offers")


def world(environ: Mapping[str, str], *, local: bool = False, **more: Any) -> World:
    return World(environ, unasked, lambda: local, **more)


def refs(choices: Iterable[Choice]) -> list[str]:
    return [choice.profile.ref for choice in choices]


def test_what_else_is_found_stands_behind_the_first() -> None:
    """In the order in which it is looked for, each on a tier of its own, and none of it asked
    over the network what it has; keys of the environment only where nothing is configured."""
    config = Config(providers=(OWN, OTHER, Provider("mute", "http://127.0.0.1:1/v1")))
    found = candidates(config, world({**BOTH, **KEYS}, local=True))["code"]
    assert refs(found) == [
        "own/own-model",
        "other/other-model",
        f"local/{LOCAL_MODEL}",
    ], "who says where to ask has code sent nowhere else"
    assert [choice.tier for choice in found] == [0, 1, 2]
    found = candidates(Config(), world({**BOTH, **KEYS}, local=True))["code"]
    assert refs(found) == [
        "openai/gpt-5-mini",
        "openrouter/qwen/qwen3-coder",
        f"local/{LOCAL_MODEL}",
    ]


def test_servers_of_this_machine_are_looked_for_only_where_nothing_else_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Their names would have to be asked for, which takes time at every start."""
    with ScriptedServer([]) as server:
        monkeypatch.setattr(module, "SERVERS", (Provider("llamacpp", server.base_url),))
        found = candidates(Config(), world({"OPENROUTER_API_KEY": "FAKEKEY"}))["code"]
        assert refs(found) == ["openrouter/qwen/qwen3-coder"]
        assert server.requests == ()


def test_routes_are_chosen_among_job_by_job() -> None:
    """Each by its own score, all on one tier; the weak model of this machine stands last."""
    found = routes(ROUTES, world(BOTH))
    assert refs(each.choice for each in found["plan"]) == [
        "own/a",
        "other/b",
        f"local/{LOCAL_MODEL}",
    ]
    assert refs(each.choice for each in found["code"])[0] == "other/b"
    assert where(choose(ROUTES, world(BOTH))) == "other/b"


def test_a_route_without_its_key_is_passed_over_and_said() -> None:
    """One forgotten key does not stop a task that others can do; where none is left it does."""
    said: list[str] = []
    found = candidates(ROUTES, world({"OWN_KEY": "FAKEKEY"}, warn=said.append))["code"]
    assert refs(found) == ["own/a", f"local/{LOCAL_MODEL}"]
    assert len(said) == 1
    assert "other/b" in said[0]
    assert "OTHER_KEY is not set" in said[0]
    alone = dataclasses.replace(ROUTES, route_models=("other/b",))
    with pytest.raises(UsageError, match="OTHER_KEY is not set"):
        candidates(alone, world({}))


def test_a_mistake_in_a_route_is_wrong_usage() -> None:
    """A provider that nobody knows is no missing key."""
    config = dataclasses.replace(ROUTES, route_models=("own/a", "othr/b"))
    with pytest.raises(UsageError, match="othr/b"):
        candidates(config, world(BOTH))


def test_a_pinned_job_has_one_model_and_no_fallback() -> None:
    """By the flag or the configuration; the others are chosen as ever."""
    found = candidates(ROUTES, world(BOTH), ["plan=own/x"])
    assert refs(found["plan"]) == ["own/x"]
    assert len(found["code"]) == 3
    config = dataclasses.replace(ROUTES, model="other/y")
    found = candidates(config, world(BOTH), ["code=own/x"])
    assert {job: refs(choices) for job, choices in found.items()} == {
        "plan": ["other/y"],
        "code": ["own/x"],
        "repair": ["own/x"],
    }


def test_where_all_jobs_are_pinned_nothing_is_looked_for() -> None:
    """A task with its models named needs no other to be there."""
    config = Config(route_models=("nobody/x",))
    found = candidates(config, world(KEYS), ["plan=openai/a", "code=openrouter/b"])
    assert [refs(found[job]) for job in ("plan", "code", "repair")] == [
        ["openai/a"],
        ["openrouter/b"],
        ["openrouter/b"],
    ]
    with pytest.raises(UsageError):
        candidates(config, world(KEYS), ["plan=openai/a"])


def test_a_key_of_the_keyring_is_as_good_as_one_of_the_environment() -> None:
    """It makes a provider usable, goes to its endpoint and is named as the reason."""

    def ring(provider: str) -> str:
        return "FAKEKEY-ring" if provider == "openrouter" else ""

    choice = choose(Config(), world({}, keyring=ring))
    assert choice.endpoint is not None
    assert (choice.endpoint.provider, choice.endpoint.api_key) == ("openrouter", "FAKEKEY-ring")
    assert "keyring" in choice.why


def test_a_provider_that_rests_is_no_first_choice() -> None:
    """What other processes have found out counts before anything is asked."""
    named: list[str] = []

    def rests(at: Endpoint) -> float:
        named.append(at.provider)
        return 60.0 if at.provider == "other" else 0.0

    assert refs(each.choice for each in routes(ROUTES, world(BOTH), rests=rests)["code"])[:2] == [
        "own/a",
        "other/b",
    ]
    assert sorted(named) == ["other", "own"]


def test_prices_are_loaded_only_where_the_order_depends_on_them() -> None:
    """They take a fifth of a second, which a start with one model cannot spare."""
    program = (
        "import sys\nfrom gitagent.config import Config\n"
        "from gitagent.llm.choose import World, routes\n"
        "world = World({'OPENAI_API_KEY': 'k', 'OPENROUTER_API_KEY': 'k'}, list, lambda: False)\n"
        "routes(Config(), world)\nprint('genai_prices' in sys.modules)\n"
        "routes(Config(), world, budget_left=1.0)\nprint('genai_prices' in sys.modules)\n"
    )
    said = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert said.split() == ["False", "True"]


def test_a_world_does_not_show_its_environment() -> None:
    """It holds every key there is."""
    assert "FAKEKEY" not in repr(world(KEYS))
