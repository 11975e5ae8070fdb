"""Which models may answer, and where: those asked for, else configured ones, else those found.

Finding costs next to nothing: beside the first place, which is asked for its models where nobody
named one, no endpoint is spoken to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gitagent.config import Config
from gitagent.domain.call import Job
from gitagent.errors import NoModel, ProviderError, UsageError
from gitagent.llm import places
from gitagent.llm.client import Endpoint
from gitagent.llm.keys import Find, Key, key_of, nowhere
from gitagent.llm.pins import pins
from gitagent.llm.prices import priced
from gitagent.llm.profiles import profile
from gitagent.llm.routing import Ranked, need_of, rank
from gitagent.ports import ModelProfile
from gitagent.rows import Provider

LOCAL = "local"
LOCAL_MODEL = "qwen2.5-coder-1.5b"
LINE: tuple[Job, ...] = ("plan", "code", "repair")
"""The jobs of a task."""


@dataclass(frozen=True)
class Choice:
    """`endpoint` is None for the model that runs here; `why` is a half sentence for people. What
    stands on a later tier is asked only where those of the earlier ones cannot answer."""

    profile: ModelProfile
    endpoint: Endpoint | None
    why: str
    tier: int = 0


def _silent(_warning: str) -> None: ...


def _never(_endpoint: Endpoint) -> float:
    return 0.0


@dataclass(frozen=True)
class World:
    """What the choice depends on besides the configuration. `warn` is told what is passed over."""

    environ: Mapping[str, str] = field(repr=False)
    names: Callable[[Endpoint], list[str]]
    local_present: Callable[[], bool]
    keyring: Find = nowhere
    warn: Callable[[str], None] = _silent

    def key(self, provider: Provider) -> Key | None:
        return key_of(provider, self.environ, self.keyring)

    def can_ask(self, provider: Provider) -> bool:
        """Whether the provider has the key that it needs."""
        return not provider.key_env or self.key(provider) is not None

    def endpoint(self, provider: Provider, model: str = "") -> Endpoint:
        key = self.key(provider)
        return Endpoint(provider.name, provider.base_url, model, key.value if key else "")


class _NoKey(UsageError):
    """A provider has no key."""

    hint = (
        "Set it in your environment, or in .env beside your own gitagent.toml; with `keys.keyring` "
        "the system's keyring is looked into as well."
    )


def routes(
    config: Config,
    world: World,
    wanted: Sequence[str] = (),
    *,
    jobs: Sequence[Job] = LINE,
    text: str = "",
    budget_left: float | None = None,
    rests: Callable[[Endpoint], float] = _never,
    prices: bool = False,
) -> dict[Job, tuple[Ranked, ...]]:
    """The models for each job, in the order in which they are asked.

    `text` is the task's, `budget_left` what a call may cost in USD (None: no cap), `rests` for how
    many seconds an endpoint is still left alone. Prices take a fifth of a second to load: without
    `prices` they are known only where the order depends on them. Raises as `candidates` does.
    """
    found = candidates(config, world, wanted, jobs=jobs)
    known = {c.profile.provider: c.endpoint for each in found.values() for c in each if c.endpoint}
    health = {provider: rests(endpoint) for provider, endpoint in known.items()}
    prices = prices or budget_left is not None or any(_compete(each) for each in found.values())
    return {
        job: rank(
            job,
            [_priced(choice) for choice in choices] if prices else choices,
            need_of(job, text, config.context_tokens),
            health=health,
            budget_left=budget_left,
            margin=config.route_margin,
        )
        for job, choices in found.items()
    }


def candidates(
    config: Config, world: World, wanted: Sequence[str] = (), *, jobs: Sequence[Job] = LINE
) -> dict[Job, tuple[Choice, ...]]:
    """Who may do each job. One that `wanted`, or `model` of the configuration, pins has one.

    Raises NoModel where there is nobody, UsageError where a name does not say who.
    """
    named = {job: (name, CONFIGURED) for job, name in pins([config.model]).items()}
    named |= {job: (name, "asked for") for job, name in pins(wanted).items()}
    pinned: dict[Job, tuple[Choice, ...]] = {
        job: (_asked(config, world, *named[job]),) for job in jobs if job in named
    }
    if len(pinned) == len(jobs):
        return pinned
    free = _routed(config, world) if config.route_models else _found(config, world)
    return {job: pinned.get(job, free) for job in jobs}


CONFIGURED = "`model` in your configuration"


def _routed(config: Config, world: World) -> tuple[Choice, ...]:
    """All that `route.models` names and that can be asked, on one tier."""
    found: list[Choice] = []
    missing: UsageError = NoModel()
    for name in dict.fromkeys(config.route_models):
        try:
            found.append(_asked(config, world, name, "in `route.models`"))
        except _NoKey as error:
            missing = error
            world.warn(f"{name} is passed over. {error}")
    if not found:
        raise missing
    return tuple(found)


def _found(config: Config, world: World) -> tuple[Choice, ...]:
    """Whatever there is, in the order in which it is looked for, each on a tier of its own."""
    found: list[Choice] = []
    for provider, why in _places(config, world, found):
        # nobody but the first is asked over the network what it has
        if provider.model or not found:
            choice = _at(config, world, provider, provider.model, why)
            found.append(replace(choice, tier=len(found)))
    if world.local_present():
        choice = _local(config, LOCAL_MODEL, "its weights are here")
        found.append(replace(choice, tier=len(found)))
    if not found:
        raise NoModel
    return tuple(found)


def _places(
    config: Config, world: World, found: Sequence[Choice]
) -> Iterator[tuple[Provider, str]]:
    """Where to look, and why there; servers of this machine only while nothing is found."""
    for provider in config.providers:
        if world.can_ask(provider):
            yield provider, f"{'a' if found else 'the first'} configured provider"
    if found:
        return  # whoever says where to ask has code sent nowhere else
    own = [provider.name for provider in config.providers]
    for provider in places.with_keys(world.environ):
        key = None if provider.name in own else world.key(provider)
        if key is not None:
            yield provider, key.why
    for provider in () if found else places.SERVERS:
        if places.listens(provider.base_url):
            yield provider, f"it answers at {provider.base_url}"


def _asked(config: Config, world: World, asked: str, why: str) -> Choice:
    name, _, model = asked.partition("/")
    if name == LOCAL:
        return _local(config, model or LOCAL_MODEL, why)
    known = places.providers(config, world.environ)
    for provider in known:
        if provider.name == name:
            return _at(config, world, provider, model, why)
    raise UsageError(
        f"`{asked}` names no provider that is configured.",
        hint=f"Write PROVIDER/NAME with one of: {', '.join([*(p.name for p in known), LOCAL])}.",
    )


def _at(config: Config, world: World, provider: Provider, model: str, why: str) -> Choice:
    if not world.can_ask(provider):
        raise _NoKey(f"The provider {provider.name} needs a key and {provider.key_env} is not set.")
    at = world.endpoint(provider, model or provider.model)
    if not at.model:
        at = world.endpoint(provider, _only(world, at))
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
    return Choice(profile(name, LOCAL, config.models), None, why)


def _compete(choices: Sequence[Choice]) -> bool:
    """Whether any two stand on one tier."""
    return max(Counter(choice.tier for choice in choices).values()) > 1


def _priced(choice: Choice) -> Choice:
    return replace(choice, profile=priced(choice.profile))
