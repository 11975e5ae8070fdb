"""From a choice of models to ones that can be asked, the local server included.

A job has one model, and behind it those that go on where it gives up:

    redacting → journal → fallback → each: ask again → known bad → kept answers → retry → throttle
              → breaker → ledger → hiding → client
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from gitagent.config import Config
from gitagent.domain.call import Call, Job, Reply, Request
from gitagent.errors import ProviderRejected, UsageError
from gitagent.llm import health
from gitagent.llm.answers import AnswersModel, AnswerStore
from gitagent.llm.breaker import Breaker, BreakerModel
from gitagent.llm.charge import near_window
from gitagent.llm.choose import LINE, LOCAL, LOCAL_MODEL, Choice, World, routes
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.fallback import FallbackModel, Member
from gitagent.llm.journal import JournalModel, KnownBadModel
from gitagent.llm.keys import keyring_for
from gitagent.llm.ledger import Ledger, LedgerModel, OnCall
from gitagent.llm.local import weights
from gitagent.llm.offered import model_names
from gitagent.llm.reask import ReaskModel
from gitagent.llm.redacting import HidingModel, RedactingModel
from gitagent.llm.retry import RetryModel
from gitagent.llm.routing import Ranked
from gitagent.llm.throttle import Throttle, ThrottledModel
from gitagent.llm.watchdog import Limits
from gitagent.ports import Model, ModelProfile
from gitagent.progress import News, Tell
from gitagent.redaction import Redactor
from gitagent.site import cache_folder

LONGEST_WAIT_S = 20.0
"""For a model that is busy, before another is asked."""
PAUSE, REST = 0.5, 15.0
"""A first pause after a 429, and a first rest after failures, in waits of a first retry."""

Routes = Mapping[Job, Sequence[Ranked]]


def world(environ: Mapping[str, str]) -> World:
    """What a choice of model depends on besides the configuration."""
    return World(environ, model_names, _local_present)


def route(
    config: Config,
    environ: Mapping[str, str],
    wanted: Sequence[str],
    *,
    jobs: Sequence[Job] = LINE,
    text: str,
    usd: float,
    tell: Tell,
) -> Routes:
    """The models for each job of a task, in the order in which they are asked.

    `usd` is what is left of the run's budget, 0 or less where there is no such cap; that of the day
    counts as well. Raises NoModel and UsageError; nothing was spent then.
    """

    def warn(said: str) -> None:
        tell(News("model", said, warning=True))

    keyring = keyring_for(config.keyring, warn)
    caps = (usd, config.budget_day_usd)
    return routes(
        config,
        replace(world(environ), keyring=keyring, warn=warn),
        wanted,
        jobs=jobs,
        text=text,
        budget_left=min((cap for cap in caps if cap > 0), default=None),
        rests=health.rests(cache_folder() / health.FOLDER),
    )


@contextmanager
def ready(config: Config, choice: Choice, tell: Tell) -> Iterator[tuple[Endpoint, int]]:
    """Where the chosen model answers, and its window in tokens.

    The local server is started where it must be, and held while the block runs.
    """
    if choice.endpoint is not None:
        yield choice.endpoint, choice.profile.window
        return
    from gitagent.llm.local.server import ensure
    from gitagent.llm.local.settings import Settings

    settings = Settings(config.local_window, config.local_threads, config.local_idle_s)
    found = weights.path(weights.known(choice.profile.name), weights.default_folder())
    folder = cache_folder() / LOCAL
    with ensure(
        found, settings, folder, lambda text: tell(News("model", text, passing=True))
    ) as at:
        yield Endpoint(LOCAL, at.base_url, choice.profile.name, at.api_key), at.n_ctx


@dataclass(frozen=True)
class Means:
    """What all models of a task share. `answers` are those of the repository's other tasks, None
    where they are not to be used."""

    config: Config
    ledger: Ledger
    answers: AnswerStore | None
    redactor: Redactor
    tell: Tell

    def warn(self, said: str) -> None:
        self.tell(News("model", said, warning=True))


def alerting(tell: Tell) -> OnCall:
    """Says of a call that has ended what people should know of it."""

    def ended(call: Call, profile: ModelProfile) -> None:
        if said := near_window(call, profile):
            tell(News("model", f"{profile.ref}: {said}", warning=True))

    return ended


@contextmanager
def stacked(means: Means, chosen: Routes) -> Iterator[Mapping[Job, Model]]:
    """A model for each job. One that stands behind another is made ready when it is needed."""
    endpoints = [r.choice.endpoint for ranked in chosen.values() for r in ranked]
    redactor = means.redactor.also(*(at.api_key for at in endpoints if at))
    means = replace(means, redactor=redactor)
    with ExitStack() as opened:
        crew = _Crew(means, opened)
        yield {job: crew.model([r.choice for r in ranked]) for job, ranked in chosen.items()}


class _Crew:
    """The models of a task, each made once, whatever jobs it has."""

    def __init__(self, means: Means, opened: ExitStack) -> None:
        self._means = means
        self._opened = opened
        self._models: dict[str, Model] = {}
        self._members: dict[tuple[str, bool, bool], Member] = {}
        self._shared: dict[str, tuple[Throttle, Breaker]] = {}

    def model(self, choices: Sequence[Choice]) -> Model:
        """The first choice, with the others behind it."""
        names = " ".join(choice.profile.ref for choice in choices)
        if names not in self._models:
            alone = len(choices) == 1
            first, *rest = choices
            members = [self._member(first, spare=False, alone=alone)]
            members += [self._member(choice, spare=True, alone=alone) for choice in rest]
            fallback = FallbackModel(
                members,
                on_fallback=self._means.warn,
                patience_s=self._means.config.retry_s,
            )
            ledger, redactor = self._means.ledger, self._means.redactor
            self._models[names] = RedactingModel(JournalModel(fallback, ledger), redactor)
        return self._models[names]

    def _member(self, choice: Choice, *, spare: bool, alone: bool) -> Member:
        known = (choice.profile.ref, spare, alone)
        if known not in self._members:
            self._members[known] = self._made(choice, spare=spare, alone=alone)
        return self._members[known]

    def _made(self, choice: Choice, *, spare: bool, alone: bool) -> Member:
        means, config = self._means, self._means.config
        throttle, breaker = self._limits(choice.endpoint)
        client = _Client(means, choice, self._opened, throttle)
        if not spare:
            client.make_ready()

        def wait(reason: str, seconds: float) -> None:
            means.warn(f"{_ended(reason)} Next try in {seconds:.0f} s.")

        def reask(reason: str) -> None:
            means.warn(f"{_ended(reason)} It is asked once more.")

        paid = LedgerModel(client, means.ledger, spare=spare)
        # who waits for a turn must not have passed the breaker before: it may have opened meanwhile
        resting = BreakerModel(paid, breaker)
        model: Model = RetryModel(
            ThrottledModel(resting, throttle, patience_s=config.retry_s, on_wait=wait),
            attempts=max(1, config.retry_attempts),
            first_wait_s=config.retry_first_wait_s,
            seconds=config.retry_s,
            usd=config.retry_usd,
            longest_wait_s=config.retry_s if alone else LONGEST_WAIT_S,
            on_retry=wait,
        )
        if means.answers is not None:
            model = AnswersModel(model, means.ledger, means.answers, on_taken=self._taken)
        return Member(ReaskModel(KnownBadModel(model, means.ledger), on_reask=reask), resting.rests)

    def _limits(self, endpoint: Endpoint | None) -> tuple[Throttle | None, Breaker | None]:
        """What keeps all processes from asking one key too much; not for a server of our own."""
        if endpoint is None or not health.is_shared(endpoint):
            return None, None
        name = health.shared_name(endpoint)
        if name not in self._shared:
            folder, wait = cache_folder() / health.FOLDER, self._means.config.retry_first_wait_s
            self._shared[name] = (
                Throttle(folder, name, first_pause_s=PAUSE * wait),
                Breaker(folder, name, first_rest_s=REST * wait),
            )
        return self._shared[name]

    def _taken(self, task_id: str) -> None:
        self._means.tell(News("model", f"answered out of task {task_id}; nothing is paid"))


class _Client:
    """Implements ports.Model: the client of a choice, which is made when it is first asked."""

    def __init__(
        self, means: Means, choice: Choice, opened: ExitStack, throttle: Throttle | None
    ) -> None:
        self._means = means
        self._choice = choice
        self._opened = opened
        self._throttle = throttle
        self._model: Model | None = None
        self.profile: ModelProfile = choice.profile

    def make_ready(self) -> None:
        self._model = self._made()

    def complete(self, request: Request) -> Reply:
        if self._model is None:
            try:
                self.make_ready()
            except UsageError as error:
                # in the middle of a task it is one model less, and no wrong command
                raise ProviderRejected(str(error), hint=error.hint) from error
        assert self._model is not None
        return self._model.complete(request)

    def _made(self) -> Model:
        means, config = self._means, self._means.config
        endpoint, window = self._opened.enter_context(ready(config, self._choice, means.tell))
        self.profile = replace(self.profile, window=window)
        redactor = means.redactor.also(endpoint.api_key)
        client = ChatClient(
            endpoint,
            self.profile,
            limits=Limits(config.timeout_s, config.idle_s, config.total_s),
            trace_id=means.ledger.task.trace_id,
            on_text=self._written,
            on_headers=self._throttle.learn if self._throttle else lambda _headers: None,
            hide=redactor.hide,
        )
        return HidingModel(client, redactor, on_hidden=means.warn)

    def _written(self, length: int) -> None:
        said = f"{self.profile.name} has written {length} characters"
        self._means.tell(News("model", said, passing=True))


def _ended(said: str) -> str:
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _local_present() -> bool:
    from importlib.util import find_spec

    known = weights.known(LOCAL_MODEL)
    return find_spec("xllamacpp") is not None and weights.present(known, weights.default_folder())
