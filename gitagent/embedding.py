"""From `index.embeddings` to what makes vectors; nothing is asked before it is used."""

from __future__ import annotations

from gitagent.config import Config
from gitagent.errors import UsageError
from gitagent.llm.choose import LOCAL, World, candidates
from gitagent.llm.day import DaySpend
from gitagent.llm.embedding_bill import BilledEmbedder, owner
from gitagent.llm.embeddings import EndpointEmbedder
from gitagent.redaction import Redactor
from gitagent.site import spent_folder


def embedder(config: Config, world: World, wanted: str, redactor: Redactor) -> BilledEmbedder:
    """What `wanted` (PROVIDER/NAME) names, paid for out of the day's budget.

    `wanted`, the endpoint and its key are the user's own. UsageError where it names none.
    """
    provider, _, name = wanted.partition("/")
    if not name or provider == LOCAL:
        raise UsageError(
            f"`{wanted}` in `index.embeddings` names no model of an endpoint.",
            hint="Write PROVIDER/NAME, such as openai/text-embedding-3-small.",
        )
    choice = candidates(config, world, [wanted], jobs=("ask",))["ask"][0]
    assert choice.endpoint is not None
    hide = redactor.also(choice.endpoint.api_key).hide
    day = DaySpend(spent_folder(), config.budget_day_usd, owner())
    return BilledEmbedder(EndpointEmbedder(choice.endpoint, hide=hide), choice.profile, day)
