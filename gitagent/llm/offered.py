"""Which models an endpoint offers.

Asked over plain HTTP: the openai package takes half a second to import, and this question stands
before everything else that a command does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitagent.errors import ProviderError, ProviderRejected, ProviderUnavailable
from gitagent.llm.client import CONNECT_SECONDS, Endpoint

if TYPE_CHECKING:
    import httpx2


def model_names(endpoint: Endpoint) -> list[str]:
    """The names of the models, sorted. Raises ProviderError where the endpoint does not say."""
    import httpx2

    where = f"{endpoint.provider} ({endpoint.shown_url})"
    try:
        answer = _asked(endpoint)
        if answer.is_error:
            raise _rejected(where, answer.status_code)
        return sorted(str(model["id"]) for model in answer.json()["data"])
    except httpx2.TimeoutException as error:
        raise ProviderUnavailable(f"{where} did not answer in time.") from error
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ProviderUnavailable(f"{where} cannot be reached.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ProviderUnavailable(f"{where} does not speak the OpenAI protocol.") from error


def _asked(endpoint: Endpoint) -> httpx2.Response:
    import httpx2

    headers = {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}
    # a proxy of the environment must not stand between us and this machine
    with httpx2.Client(timeout=CONNECT_SECONDS, trust_env=not endpoint.loopback) as client:
        return client.get(f"{endpoint.base_url.rstrip('/')}/models", headers=headers)


def _rejected(where: str, status: int) -> ProviderError:
    kind = ProviderUnavailable if status in (408, 409, 429) or status >= 500 else ProviderRejected
    return kind(f"{where} answered {status} when asked for its models.")
