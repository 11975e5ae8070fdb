"""Which models an endpoint offers, and what it says of each.

Asked over plain HTTP: the openai package takes half a second to import, and this question stands
before everything else that a command does. What is said beside the name differs from server to
server; it is taken where it is plausible and never relied upon.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitagent.errors import ProviderError, ProviderRejected, ProviderUnavailable
from gitagent.llm.client import CONNECT_SECONDS, Endpoint

if TYPE_CHECKING:
    import httpx2

# OpenRouter, Groq, vLLM, Mistral
WINDOWS = ("context_length", "context_window", "max_model_len", "max_context_length")
OUTPUTS = ("max_completion_tokens", "max_output_tokens")
MOST_TOKENS, MOST_PRICE = 100_000_000, 1_000_000.0
MILLION = 1e6


@dataclass(frozen=True)
class Offer:
    """A model at an endpoint and what that says of it, None where it does not.

    Tokens for window and max_output, USD per million tokens for prices.
    """

    name: str
    window: int | None = None
    max_output: int | None = None
    input_price: float | None = None
    output_price: float | None = None
    cached_price: float | None = None
    takes_temperature: bool | None = None
    takes_schema: bool | None = None
    takes_tools: bool | None = None

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Offer:
        """Out of one entry of the list; raises KeyError where it has no name."""
        top = _table(entry.get("top_provider"))
        windows = [_tokens(each.get(key)) for key in WINDOWS for each in (entry, top)]
        prices, takes = _table(entry.get("pricing")), entry.get("supported_parameters")
        told = takes if isinstance(takes, list) else None
        return cls(
            name=str(entry["id"]),
            # one of several providers behind a name may have less than the model has
            window=min((each for each in windows if each), default=None),
            max_output=next(
                filter(None, (_tokens(t.get(k)) for t in (top, entry) for k in OUTPUTS)), None
            ),
            input_price=_price(prices.get("prompt")),
            output_price=_price(prices.get("completion")),
            cached_price=_price(prices.get("input_cache_read")),
            takes_temperature=None if told is None else "temperature" in told,
            takes_schema=None if told is None else "structured_outputs" in told,
            takes_tools=None if told is None else "tools" in told,
        )


def model_names(endpoint: Endpoint) -> list[str]:
    """The names of the models, sorted. Raises ProviderError where the endpoint does not say."""
    return [offer.name for offer in offers(endpoint)]


def offers(endpoint: Endpoint) -> list[Offer]:
    """The models, sorted by name. Raises ProviderError where the endpoint does not say."""
    import httpx2

    where = f"{endpoint.provider} ({endpoint.shown_url})"
    try:
        answer = _asked(endpoint)
        if answer.is_error:
            raise _rejected(where, answer.status_code)
        found = [Offer.of(entry) for entry in answer.json()["data"]]
        return sorted(found, key=lambda offer: offer.name)
    except httpx2.TimeoutException as error:
        raise ProviderUnavailable(f"{where} did not answer in time.") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ProviderUnavailable(f"{where} cannot be reached.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProviderUnavailable(f"{where} does not speak the OpenAI protocol.") from error


def _asked(endpoint: Endpoint) -> httpx2.Response:
    import httpx2

    headers = {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
    # a proxy of the environment must not stand between us and this machine
    with httpx2.Client(timeout=CONNECT_SECONDS, trust_env=not endpoint.loopback) as client:
        return client.get(f"{endpoint.base_url.rstrip('/')}/models", headers=headers)


def _rejected(where: str, status: int) -> ProviderError:
    said = f"{where} answered {status} when asked for its models."
    if status in (408, 409, 429) or status >= 500:
        return ProviderUnavailable(said)
    return ProviderRejected(said, status=status)


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _tokens(value: Any) -> int | None:
    plausible = type(value) is int and 0 < value <= MOST_TOKENS
    return value if plausible else None


def _price(value: Any) -> float | None:
    """USD per million tokens, out of USD for one as a text or a number; below 0 is none at all."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        price = float(value) * MILLION
    except (ValueError, OverflowError):
        return None
    return round(price, 6) if math.isfinite(price) and 0 <= price <= MOST_PRICE else None
