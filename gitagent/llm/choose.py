"""Which model answers, and where: the one asked for, else a configured one, else one found."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from gitagent.config import Config, Provider
from gitagent.errors import NoModel, ProviderError, UsageError
from gitagent.llm.client import Endpoint
from gitagent.llm.profiles import profile
from gitagent.ports import ModelProfile

LOCAL = "local"
LOCAL_MODEL = "qwen2.5-coder-1.5b"
PROBE_SECONDS = 0.3


@dataclass(frozen=True)
class Choice:
    """`endpoint` is None for the model that runs here; `why` is a half sentence for people."""

    profile: ModelProfile
    endpoint: Endpoint | None
    why: str


@dataclass(frozen=True)
class World:
    """What the choice depends on besides the configuration."""

    environ: Mapping[str, str]
    names: Callable[[Endpoint], list[str]]
    local_present: Callable[[], bool]


def choose(config: Config, world: World, wanted: str = "") -> Choice:
    """The model for a task. `wanted` (PROVIDER/NAME) goes before the configuration's `model`.

    Raises NoModel where there is none, UsageError where the name does not say which.
    """
    if wanted:
        return _asked(config, world, wanted, "asked for")
    if config.model:
        return _asked(config, world, config.model, "`model` in your configuration")
    for provider in config.providers:
        if not provider.key_env or world.environ.get(provider.key_env):
            return _at(config, world, provider, provider.model, "the first configured provider")
    for provider in _with_keys(world.environ):
        if world.environ.get(provider.key_env):
            return _at(config, world, provider, "", f"{provider.key_env} is set")
    for provider in SERVERS:
        if _listens(provider.base_url):
            return _at(config, world, provider, "", f"it answers at {provider.base_url}")
    if world.local_present():
        return _local(config, LOCAL_MODEL, "its weights are here")
    raise NoModel


def providers(config: Config, environ: Mapping[str, str]) -> tuple[Provider, ...]:
    """All that may stand before the slash of PROVIDER/NAME, the user's own first."""
    own = {provider.name for provider in config.providers}
    built_in = (p for p in (*_with_keys(environ), *SERVERS) if p.name not in own)
    return (*config.providers, *built_in)


def endpoint(provider: Provider, model: str, environ: Mapping[str, str]) -> Endpoint:
    key = environ.get(provider.key_env, "") if provider.key_env else ""
    return Endpoint(provider.name, provider.base_url, model, key)


SERVERS = (
    Provider("ollama", "http://127.0.0.1:11434/v1"),
    Provider("llamacpp", "http://127.0.0.1:8080/v1"),
)


def _with_keys(environ: Mapping[str, str]) -> tuple[Provider, ...]:
    openai_url = environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
    official = urlsplit(openai_url).hostname == "api.openai.com"
    default = "gpt-5-mini" if official else ""
    return (
        Provider("openai", openai_url, "OPENAI_API_KEY", default),
        Provider(
            "openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "qwen/qwen3-coder"
        ),
    )


def _asked(config: Config, world: World, asked: str, why: str) -> Choice:
    name, _, model = asked.partition("/")
    if name == LOCAL:
        return _local(config, model or LOCAL_MODEL, why)
    for provider in providers(config, world.environ):
        if provider.name == name:
            return _at(config, world, provider, model, why)
    known = ", ".join([p.name for p in providers(config, world.environ)] + [LOCAL])
    raise UsageError(
        f"`{asked}` names no provider that is configured.",
        hint=f"Write PROVIDER/NAME with one of: {known}.",
    )


def _at(config: Config, world: World, provider: Provider, model: str, why: str) -> Choice:
    if provider.key_env and not world.environ.get(provider.key_env):
        raise UsageError(
            f"The provider {provider.name} needs a key and {provider.key_env} is not set.",
            hint="Set it in your environment, or in .env beside your own gitagent.toml.",
        )
    at = endpoint(provider, model or provider.model, world.environ)
    if not at.model:
        at = endpoint(provider, _only(world, at), world.environ)
    return Choice(profile(at.model, provider.name, config.models), at, why)


def _only(world: World, at: Endpoint) -> str:
    """The model to use at an endpoint when nobody named one."""
    try:
        names = world.names(at)
    except ProviderError as error:
        raise NoModel(f"{error}", hint=f"Or name a model: --model {at.provider}/NAME.") from error
    coders = [name for name in names if "code" in name.lower()]
    if len(names) == 1 or (coders and at.provider == "ollama"):
        return (coders or names)[0]
    listed = ", ".join(names[:8]) or "none"
    raise UsageError(
        f"{at.provider} offers these models: {listed}.",
        hint=f"Name one: --model {at.provider}/NAME, or `model` in your configuration.",
    )


def _local(config: Config, name: str, why: str) -> Choice:
    found = profile(name, LOCAL, config.models)
    return Choice(found, None, why)


def _listens(url: str) -> bool:
    parts = urlsplit(url)
    try:
        address = (parts.hostname or "", parts.port or 80)
        with socket.create_connection(address, PROBE_SECONDS):
            return True
    except OSError:
        return False
