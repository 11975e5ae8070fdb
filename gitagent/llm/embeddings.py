"""Vectors of texts from an OpenAI-compatible endpoint.

Asked over plain HTTP: the openai package takes half a second to import, and the vector of a query
has to be there before the rest of its search is done, or it comes too late.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gitagent.errors import (
    BadReply,
    ContextOverflow,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
)
from gitagent.llm import complaints
from gitagent.llm.client import CHECK_URL, CONNECT_SECONDS, Endpoint
from gitagent.ports import Embedded

if TYPE_CHECKING:
    import httpx2

LONGEST = 6_000
"""Characters of a text that are sent, which is what 120 lines have at the most, nearly always."""
SHRINKS = 2
MOST_DIMENSIONS = 16_000
"""What a vector of the store can have."""
MOST_BYTES = 1 << 26


class EndpointEmbedder:
    """Implements ports.Embedder. `seconds` bound one answer, `hide` takes secrets out of texts."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        seconds: float = 60.0,
        hide: Callable[[str], str] = str,
    ) -> None:
        self.model = f"{endpoint.provider}/{endpoint.model}"
        self.dimensions = 0
        self._endpoint = endpoint
        self._seconds = seconds
        self._hide = hide
        self._client: httpx2.Client | None = None

    def embed(self, texts: Sequence[str]) -> Embedded:
        """Where the texts are too long for the model, their first half is tried, and a quarter."""
        if not texts:
            return Embedded(())
        hidden = [self._hide(text) or " " for text in texts]
        for shrunk in range(SHRINKS + 1):
            try:
                return self._asked([text[: LONGEST >> shrunk] for text in hidden])
            except ContextOverflow:
                if shrunk == SHRINKS:
                    raise
        raise AssertionError("unreachable")

    def _asked(self, texts: Sequence[str]) -> Embedded:
        with self._translated():
            payload = self._answer({"model": self._endpoint.model, "input": list(texts)})
        return self._read(payload, len(texts))

    def _answer(self, body: Mapping[str, Any]) -> Any:
        """The document that came; a complaint in it, or in its status, is an error."""
        import json

        ends = time.monotonic() + self._seconds
        with self._connection().stream("POST", self._url, json=body) as response:
            data = bytearray()
            for part in response.iter_bytes():
                data += part
                if time.monotonic() > ends:
                    raise ProviderUnavailable(f"{self._where} did not answer in time.")
                if len(data) > MOST_BYTES:
                    raise BadReply(f"{self._where} sent more than any vectors take.")
        payload = None
        try:
            payload = json.loads(bytes(data))
        except (ValueError, RecursionError):
            if response.is_success:
                raise
        if not response.is_success or (isinstance(payload, dict) and payload.get("error")):
            raise self._judged(response, payload)
        return payload

    def _judged(self, response: httpx2.Response, payload: Any) -> ProviderError:
        said = payload if isinstance(payload, dict) and payload.get("error") else {"error": payload}
        found = complaints.of_payload(said) or complaints.Complaint(0, "", response.reason_phrase)
        status = found.status if response.is_success else response.status_code
        found = replace(found, status=status, headers=response.headers)
        return complaints.judged(found, self._where, self._endpoint.model, self._bare)

    def _read(self, payload: Any, count: int) -> Embedded:
        try:
            found = {row.get("index", n): row["embedding"] for n, row in enumerate(payload["data"])}
            if found.keys() != set(range(count)):
                raise ValueError("not one vector for each text")
            vectors = tuple(_unit(found[n]) for n in range(count))
            tokens = (payload.get("usage") or {}).get("prompt_tokens")
            self._agreed(vectors)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BadReply(
                f"{self._where} sent no vectors that can be used for {self._endpoint.model}."
            ) from error
        return Embedded(vectors, tokens if type(tokens) is int and tokens > 0 else 0)

    def _agreed(self, vectors: Sequence[Sequence[float]]) -> None:
        """All vectors of a model have the same length, today's and tomorrow's."""
        lengths = {len(vector) for vector in vectors} | {self.dimensions or len(vectors[0])}
        if len(lengths) > 1 or not 0 < len(vectors[0]) <= MOST_DIMENSIONS:
            raise ValueError(f"vectors of {sorted(lengths)} numbers")
        self.dimensions = len(vectors[0])

    def _connection(self) -> httpx2.Client:
        import httpx2

        if self._client is None:
            key = self._endpoint.api_key
            self._client = httpx2.Client(
                headers={"Authorization": f"Bearer {key}"} if key else {},
                timeout=httpx2.Timeout(self._seconds, connect=CONNECT_SECONDS),
                # a proxy of the environment must not stand between us and this machine
                trust_env=not self._endpoint.loopback,
            )
        return self._client

    @property
    def _url(self) -> str:
        return f"{self._endpoint.base_url.rstrip('/')}/embeddings"

    @property
    def _where(self) -> str:
        return f"{self._endpoint.provider} ({self._endpoint.shown_url})"

    def _bare(self, text: str) -> str:
        key = self._endpoint.api_key
        return self._hide(text.replace(key, "…") if key else text)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        import httpx2

        try:
            yield
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise ProviderUnavailable(f"{self._where} cannot be reached.", unpaid=True) from error
        except httpx2.TimeoutException as error:
            raise ProviderUnavailable(f"{self._where} did not answer in time.") from error
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise ProviderRejected(
                f"{self._where} is no address of a server.", hint=CHECK_URL
            ) from error
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            raise ProviderUnavailable(f"{self._where} broke off in the middle.") from error
        except (ValueError, RecursionError) as error:
            raise ProviderRejected(
                f"{self._where} does not speak the OpenAI protocol.", hint=CHECK_URL
            ) from error


def _unit(numbers: Sequence[float]) -> tuple[float, ...]:
    """The vector with length 1; ValueError where it has no direction."""
    length = math.sqrt(math.fsum(number * number for number in numbers))
    if not 0 < length < math.inf:
        raise ValueError("no direction")
    return tuple(number / length for number in numbers)
