"""Settings: who may set what, which source wins, and one clear sentence for what is wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from gitagent.config import Config, GitEntry, Loaded, fields, load
from gitagent.errors import ConfigError

USER_ONLY = [
    "providers",
    "models",
    "route.models",
    "route.margin",
    "call.timeout_s",
    "call.idle_s",
    "call.total_s",
    "retry.attempts",
    "retry.first_wait_s",
    "retry.seconds",
    "retry.usd",
    "cache.answers",
    "keys.keyring",
    "budget.task_usd",
    "budget.day_usd",
    "budget.max_calls",
    "index.embeddings",
    "index.dsn",
    "index.share",
    "gate.sandbox",
    "gate.memory_mb",
    "paths.allow",
    "tasks.keep_days",
    "tasks.expire_days",
    "tasks.salvaged_days",
    "bot.name",
    "bot.email",
    "local.window",
    "local.threads",
    "local.idle_s",
]


def loaded(
    folder: Path,
    *,
    repository: str | bytes = "",
    user: str = "",
    git: Sequence[GitEntry] = (),
    environ: Mapping[str, str] | None = None,
) -> Loaded:
    file = folder / "gitagent.toml"
    file.write_text(user)
    content = repository.encode() if isinstance(repository, str) else repository
    return load(
        repository=("gitagent.toml at abc", content), user=file, git=git, environ=environ or {}
    )


def wrong(folder: Path, **sources: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, **sources)
    assert caught.value.exit_code == 2
    return str(caught.value)


def origin(found: Loaded, key: str) -> str:
    return next(setting.origin for setting in found.settings if setting.key == key)


def test_without_any_source_all_is_default(tmp_path: Path) -> None:
    """Every setting has a value, says that it is a default, and has a help."""
    found = load(repository=None, user=tmp_path / "none", git=(), environ={})
    assert found.config == Config()
    assert {setting.origin for setting in found.settings} == {"default"}
    assert all(setting.help for setting in found.settings)
    assert [setting.key for setting in found.settings] == list(fields())


def test_a_stronger_source_wins_and_is_named(tmp_path: Path) -> None:
    """Repository, user's file, user's git config, checkout's git config, environment."""
    sources: dict[str, Any] = {"repository": "[repair]\nattempts = 1"}
    assert loaded(tmp_path, **sources).config.attempts == 1
    sources["user"] = "[repair]\nattempts = 2"
    assert loaded(tmp_path, **sources).config.attempts == 2
    own, local = (GitEntry("agent.repair.attempts", n, n == "3") for n in "34")
    sources["git"] = [own]
    assert loaded(tmp_path, **sources).config.attempts == 3
    sources["git"] = [local, own]
    assert loaded(tmp_path, **sources).config.attempts == 4
    sources["environ"] = {"GITAGENT_REPAIR_ATTEMPTS": "5"}
    found = loaded(tmp_path, **sources)
    assert (found.config.attempts, found.ignored) == (5, ())
    assert origin(found, "repair.attempts") == "GITAGENT_REPAIR_ATTEMPTS"


@pytest.mark.parametrize("key", USER_ONLY)
def test_what_could_cost_or_open_a_door_is_the_users_own(tmp_path: Path, key: str) -> None:
    """A repository's file and its .git/config cannot set it: ignored, said, not even read."""
    table, _, name = key.rpartition(".")
    toml = f"[{table}]\n{name} = true" if table else f"[{name}.x]\nevil = 1"
    entry = GitEntry("agent." + key.replace("_", "-"), "true", own=False)
    found = loaded(tmp_path, repository=toml, git=[entry])
    assert found.config == Config()
    assert len(found.ignored) == 2
    assert all(f"`{key}" in text and "your own side only" in text for text in found.ignored)


def test_the_list_of_the_users_own_settings_is_whole() -> None:
    """A new setting must be put on one side or the other on purpose."""
    own = [key for key, f in fields().items() if f.metadata["scope"] == "user"]
    assert own == USER_ONLY


def test_a_repository_does_not_choose_the_model(tmp_path: Path) -> None:
    """The model is that of the user or the checkout, never of a file that anybody can commit."""
    found = loaded(tmp_path, repository='model = "evil/x"')
    assert found.config.model == ""
    entry = GitEntry("agent.model", "openai/x", own=False)
    assert loaded(tmp_path, git=[entry]).config.model == "openai/x"


def test_shared_settings_come_from_the_repository(tmp_path: Path) -> None:
    """Gate, retrieval and plan may be agreed on in a file that all share."""
    toml = '[gate]\ncommands = ["make test"]\n[context]\nignore = ["*.min.js"]\ntokens = 99'
    found = loaded(tmp_path, repository=toml)
    assert found.config.gate_commands == ("make test",)
    assert (found.config.ignore, found.config.context_tokens) == (("*.min.js",), 99)
    assert origin(found, "gate.commands") == "gitagent.toml at abc"


def test_providers_and_models_are_tables(tmp_path: Path) -> None:
    """One table each, with a name that may hold any character."""
    toml = """
        [providers.work]
        base_url = "https://llm.example.invalid/v1"
        key_env = "WORK_KEY"
        [models."qwen/qwen3:8b"]
        window = 32768
        weak = true
        input_price = 1
        edit_format = "udiff"
    """
    config = loaded(tmp_path, user=toml).config
    assert config.providers[0].base_url == "https://llm.example.invalid/v1"
    row = config.models[0]
    assert (row.name, row.window, row.weak, row.input_price) == ("qwen/qwen3:8b", 32768, True, 1.0)


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[budget]\ntask_usd = -1", "`budget.task_usd` must be a number"),
        ("[budget]\ntask_usd = inf", "must be a number"),
        ("[budget]\ntask_usd = nan", "must be a number"),
        ("[budget]\nmax_calls = 1.5", "must be a whole number"),
        ("[budget]\nmax_calls = inf", "must be a whole number"),
        ("[budget]\nmax_calls = true", "must be a whole number"),
        ("[budget]\nmax_calls = []", "must be a whole number"),
        ('[budget]\nmax_calls = "many"', "must be a whole number"),
        ("model = 5", "`model` must be a text"),
        ('[gate]\ncommands = "make"', "must be a list of strings"),
        ("[gate]\ncommands = [1]", "must be a list of strings"),
        ('[plan]\nmode = "sometimes"', "must be one of auto, always, never"),
        ('[edit]\nformat = "whole "', "must be one of auto, whole"),
        ("providers = 5", "must be tables"),
        ("providers = {x = 5}", "must be tables"),
        ("[providers.x]", "is not complete"),
        ('[providers.x]\nbase_url = "u"\nkey = "k"', "`x` has no setting `key`"),
        ("[providers.x]\nbase_url = 5", "must be a text"),
        ('[models.x]\nwindow = "big"', "must be a whole number"),
        ("[models.x]\ninput_price = -1", "must be a number"),
        ("[models.x]\nweak = 1", "must be true or false"),
        ('[models.x]\nedit_format = "xml"', "must be one of"),
        ('[models.x]\ncache = "some"', "must be one of"),
        ("[models.x]\nwindow = 0", "must be more than 0"),
        ("[models.x]\nname = 'y'", "`x` has no setting `name`"),
        ("[models.x]\nscores = 5", "must be a table with some of: plan, code"),
        ("[models.x.scores]\ncode = 101", "scores.code must be from 0 to 100"),
        ("[models.x.scores]\ncode = -1", "scores.code must be a number"),
        ("[models.x.scores]\ncod = 1", "has no setting `cod`"),
        ("[cache]\nanswers = 2", "must be true or false"),
        ('[keys]\nkeyring = "maybe"', "must be true or false"),
        ('[route]\nmodels = "a/b"', "must be a list of strings"),
        ('[route]\nmargin = "much"', "must be a number"),
        ("x = ", "is not valid TOML"),
    ],
)
def test_a_value_of_the_wrong_kind_is_one_sentence(tmp_path: Path, toml: str, message: str) -> None:
    """It names the source, the key and what it must be; exit code 2."""
    said = wrong(tmp_path, user=toml)
    assert message in said
    assert str(tmp_path / "gitagent.toml") in said


def test_a_broken_file_of_the_repository_is_named(tmp_path: Path) -> None:
    """Not silently passed over: the gate might be in it."""
    assert "gitagent.toml at abc is not valid TOML" in wrong(tmp_path, repository=b"\xff\xfe")


def test_a_key_in_place_of_its_name_is_not_shown(tmp_path: Path) -> None:
    """Somebody who writes the key itself into `key_env` does not see it on the screen."""
    toml = '[providers.x]\nbase_url = "u"\nkey_env = "sk-FAKEKEY-1"'
    said = wrong(tmp_path, user=toml)
    assert "key_env must be the name" in said
    assert "FAKEKEY" not in said


def test_an_unknown_setting_is_said_with_the_nearest(tmp_path: Path) -> None:
    """A typo does not stop a run, and does not go unseen."""
    found = loaded(
        tmp_path, user="[budget]\ntask_us = 1", git=[GitEntry("agent.modell", "x", True)]
    )
    assert "`budget.task_us` (did you mean `budget.task_usd`?)" in found.ignored[0]
    assert "`modell` (did you mean `model`?)" in found.ignored[1]


def test_lists_from_git_and_the_environment(tmp_path: Path) -> None:
    """Several entries of git, several lines of a variable."""
    entries = [GitEntry("agent.gate.commands", line, own=False) for line in ("one", "two")]
    assert loaded(tmp_path, git=entries).config.gate_commands == ("one", "two")
    environ = {"GITAGENT_GATE_COMMANDS": "one x\ntwo"}
    assert loaded(tmp_path, environ=environ).config.gate_commands == ("one x", "two")


def test_every_scalar_can_come_from_the_environment(tmp_path: Path) -> None:
    """Each name is GITAGENT_ and the key, and text becomes the kind of the field."""
    environ = {"GITAGENT_BUDGET_TASK_USD": "0.5", "GITAGENT_LOCAL_THREADS": "3"}
    config = loaded(tmp_path, environ=environ).config
    assert (config.budget_usd, config.local_threads) == (0.5, 3)
    assert "GITAGENT_BUDGET_MAX_CALLS" in wrong(
        tmp_path, environ={"GITAGENT_BUDGET_MAX_CALLS": "-1"}
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *((text, True) for text in ("true", "True", "yes", "on", "1", " TRUE ")),
        *((text, False) for text in ("false", "No", "off", "0")),
    ],
)
def test_truth_is_read_as_git_writes_it(tmp_path: Path, text: str, meant: bool) -> None:
    """From the git configuration and the environment, which know texts only."""
    environ = {"GITAGENT_CACHE_ANSWERS": text}
    assert loaded(tmp_path, environ=environ).config.cache is meant
    entry = GitEntry("agent.keys.keyring", text, own=True)
    assert loaded(tmp_path, git=[entry]).config.keyring is meant


@pytest.mark.parametrize("text", ["", "maybe", "2", "truefalse", "-1"])
def test_what_is_neither_true_nor_false_is_said(tmp_path: Path, text: str) -> None:
    """A typo in a switch is not taken for off."""
    said = wrong(tmp_path, environ={"GITAGENT_KEYS_KEYRING": text})
    assert "GITAGENT_KEYS_KEYRING: `keys.keyring` must be true or false" in said


def test_routes_can_come_from_anywhere_on_the_users_side(tmp_path: Path) -> None:
    """A list in the file, several entries of git, several lines of a variable."""
    meant = ("a/x", "b/y")
    toml = 'route = { models = ["a/x", "b/y"], margin = 2 }'
    found = loaded(tmp_path, user=toml).config
    assert (found.route_models, found.route_margin) == (meant, 2.0)
    entries = [GitEntry("agent.route.models", name, own=True) for name in meant]
    assert loaded(tmp_path, git=entries).config.route_models == meant
    environ = {"GITAGENT_ROUTE_MODELS": "a/x\nb/y"}
    assert loaded(tmp_path, environ=environ).config.route_models == meant


def test_a_row_of_a_model_may_say_all_that_is_known_of_one(tmp_path: Path) -> None:
    """Every figure of the shipped table, the scores in a table of their own or in one line."""
    toml = """
        [models."work/big"]
        takes_temperature = false
        takes_schema = true
        takes_tools = true
        cache = "marks"
        cached_price = 0.1
        first_token_s = 0.5
        tokens_per_s = 80
        [models."work/big".scores]
        plan = 90
        [models.small]
        scores = { code = 20.5 }
    """
    big, small = loaded(tmp_path, user=toml).config.models
    assert (big.takes_temperature, big.takes_schema, big.takes_tools) == (False, True, True)
    assert (big.cache, big.cached_price, big.tokens_per_s) == ("marks", 0.1, 80.0)
    assert (big.scores.plan, big.scores.code) == (90.0, None)
    assert (small.scores.code, small.window) == (20.5, None)


def test_a_configuration_does_not_change() -> None:
    """Frozen: what was read at the start holds to the end."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().model = "x"  # type: ignore[misc]
