"""From a choice of model to one that can be asked, the local server included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from gitagent.config import Config
from gitagent.llm.choose import LOCAL, LOCAL_MODEL, Choice, World, choose
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.journal import JournalModel
from gitagent.llm.ledger import Budget, LedgerModel
from gitagent.llm.local import weights
from gitagent.llm.offered import model_names
from gitagent.llm.redacting import HidingModel, RedactingModel
from gitagent.llm.retry import RetryModel
from gitagent.ports import Log, Model
from gitagent.progress import News, Tell
from gitagent.redaction import Redactor
from gitagent.site import cache_folder


def world(environ: Mapping[str, str]) -> World:
    """What a choice of model depends on besides the configuration."""
    return World(environ, model_names, _local_present)


def pick(config: Config, environ: Mapping[str, str], wanted: str) -> Choice:
    """The model that a command uses, and why."""
    return choose(config, world(environ), wanted)


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


@contextmanager
def stacked(
    config: Config, choice: Choice, log: Log, budget: Budget, tell: Tell, redactor: Redactor
) -> Iterator[Model]:
    """The chosen model behind its wrappers: redacting, journal, retry, ledger, hiding, client."""

    def on_text(length: int) -> None:
        tell(News("model", f"{choice.profile.name} has written {length} characters", passing=True))

    def on_retry(reason: str, seconds: float) -> None:
        tell(News("model", f"{reason} Next try in {seconds:.0f} s.", warning=True))

    def on_hidden(said: str) -> None:
        tell(News("model", said, warning=True))

    with ready(config, choice, tell) as (endpoint, window):
        redactor = redactor.also(endpoint.api_key)
        profile = replace(choice.profile, window=window)
        trace = log.state.task.trace_id
        client = ChatClient(
            endpoint,
            profile,
            silence_s=config.timeout_s,
            trace_id=trace,
            on_text=on_text,
            hide=redactor.hide,
        )
        hiding = HidingModel(client, redactor, on_hidden=on_hidden)
        paid = RetryModel(LedgerModel(hiding, log, budget), on_retry=on_retry)
        yield RedactingModel(JournalModel(paid, log), redactor)


def _local_present() -> bool:
    from importlib.util import find_spec

    known = weights.known(LOCAL_MODEL)
    return find_spec("xllamacpp") is not None and weights.present(known, weights.default_folder())
