"""One call to an OpenAI-compatible endpoint, streamed, with its errors in our own words.

No retry happens here and no reply is interpreted; a reply is whole or it is an error.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from gitagent.domain.call import Reply, Request, Usage
from gitagent.errors import BadReply, ProviderError, ProviderRejected, ProviderUnavailable
from gitagent.ports import ModelProfile

if TYPE_CHECKING:
    import httpx2
    import openai

CONNECT_SECONDS = 10.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")
FRACTION_OF_MESSAGE = 300
EVENTS = "text/event-stream"
UNPAID = (429, 503, 529)
HEADERS = (
    "host",
    "connection",
    "accept",
    "accept-encoding",
    "user-agent",
    "content-type",
    "content-length",
    "transfer-encoding",
    "authorization",
    "traceparent",
)
OPENAI_HEADERS = ("openai-organization", "openai-project")
CHECK_URL = "A web page or a proxy may answer at this address; check the base URL."


@dataclass(frozen=True)
class Endpoint:
    """Where a model answers. The key, and an address that may hold one, are never shown."""

    provider: str
    base_url: str = field(repr=False)
    model: str
    api_key: str = field(default="", repr=False)

    @property
    def loopback(self) -> bool:
        return urlsplit(self.base_url).hostname in LOOPBACK

    @property
    def official(self) -> bool:
        return urlsplit(self.base_url).hostname == "api.openai.com"

    @property
    def shown_url(self) -> str:
        """The address for people, without a password or key that stands in it."""
        parts = urlsplit(self.base_url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))


class ChatClient:
    """Implements ports.Model. `on_text` is called with the length of the reply so far, `hide` takes
    secrets out of what the endpoint says of an error."""

    def __init__(
        self,
        endpoint: Endpoint,
        profile: ModelProfile,
        *,
        silence_s: float,
        trace_id: str,
        on_text: Callable[[int], None] = lambda _: None,
        hide: Callable[[str], str] = str,
    ) -> None:
        self.profile = profile
        self._hide = hide
        self._endpoint = endpoint
        self._silence_s = silence_s
        self._trace_id = trace_id
        self._on_text = on_text
        self._client: openai.OpenAI | None = None

    def complete(self, request: Request) -> Reply:
        started = time.monotonic()
        with self._translated():
            answer = _Answer(started, self._on_text)
            with self._connection().chat.completions.create(**self._body(request)) as stream:
                for chunk in stream:
                    answer.add(chunk)
                headers = stream.response.headers
            if answer.silent and not headers.get("content-type", "").startswith(EVENTS):
                raise ProviderRejected(_foreign(self._endpoint.provider), hint=CHECK_URL)
            return answer.reply(self._endpoint, headers.get("x-request-id", ""))

    def _connection(self) -> openai.OpenAI:
        if self._client is None:
            import httpx2
            import openai

            timeout = httpx2.Timeout(self._silence_s, connect=CONNECT_SECONDS)
            self._client = openai.OpenAI(
                api_key=self._endpoint.api_key or "none",
                base_url=self._endpoint.base_url,
                max_retries=0,
                timeout=timeout,
                http_client=httpx2.Client(
                    timeout=timeout,
                    # a proxy of the environment must not stand between us and this machine
                    trust_env=not self._endpoint.loopback,
                    event_hooks={"request": [self._keep_own_headers]},
                ),
            )
        return self._client

    def _keep_own_headers(self, request: httpx2.Request) -> None:
        """The openai package adds what the environment holds for OpenAI, wherever it goes to."""
        allowed = HEADERS + (OPENAI_HEADERS if self._endpoint.official else ())
        for name in list(request.headers):
            if name.lower() not in allowed:
                del request.headers[name]

    def _body(self, request: Request) -> dict[str, Any]:
        limit = "max_completion_tokens" if self._endpoint.official else "max_tokens"
        body: dict[str, Any] = {
            "model": self._endpoint.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            limit: request.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
            "extra_headers": {"traceparent": self._traceparent(request)},
        }
        if self.profile.takes_temperature:
            body["temperature"] = request.temperature
        if request.schema and self.profile.takes_schema:
            schema = {"name": request.phase, "schema": request.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def _traceparent(self, request: Request) -> str:
        """Whose part that is which the provider does: the call's or, outside a log, nobody's."""
        return f"00-{self._trace_id}-{request.span or secrets.token_hex(8)}-01"

    @contextmanager
    def _translated(self) -> Iterator[None]:
        import httpx2
        import openai

        where = f"{self._endpoint.provider} ({self._endpoint.shown_url})"
        try:
            yield
        except openai.APITimeoutError as error:
            raise ProviderUnavailable(f"{where} did not answer in time.") from error
        except openai.APIConnectionError as error:
            if isinstance(error.__cause__, httpx2.ConnectError):
                raise ProviderUnavailable(f"{where} cannot be reached.", unpaid=True) from error
            raise ProviderUnavailable(f"{where} broke off in the middle of a reply.") from error
        except openai.APIStatusError as error:
            raise self._rejected(where, error) from error
        except openai.APIError as error:
            raise ProviderUnavailable(f"{where} failed: {self._clean(error)}") from error
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            raise ProviderUnavailable(f"{where} broke off in the middle of a reply.") from error
        except (ValueError, AttributeError, TypeError) as error:
            raise ProviderUnavailable(_foreign(where)) from error

    def _rejected(self, where: str, error: openai.APIStatusError) -> ProviderError:
        status = error.status_code
        said = f"{where} answered {status}: {self._clean(error)}"
        out_of_money = getattr(error, "code", None) == "insufficient_quota"
        told_not_to = error.response.headers.get("x-should-retry") == "false"
        may_pass = status in (408, 409, 429) or status >= 500
        if may_pass and not out_of_money and not told_not_to:
            wait = _retry_after(error.response.headers)
            return ProviderUnavailable(said, retry_after=wait, unpaid=status in UNPAID)
        if status == 404:
            return ProviderRejected(
                f"{where} has no model `{self._endpoint.model}`.",
                hint="`git agent models list` shows what the endpoint offers.",
            )
        return ProviderRejected(said)

    def _clean(self, error: openai.APIError) -> str:
        body = error.body if isinstance(error.body, dict) else {}
        text = " ".join(str(body.get("message") or error.message).split())
        key = self._endpoint.api_key
        # before the cut: half a key is not known for one
        text = self._hide(text.replace(key, "…") if key else text)
        return text[:FRACTION_OF_MESSAGE]


class _Answer:
    """Collects the chunks of one stream."""

    def __init__(self, started: float, on_text: Callable[[int], None]) -> None:
        self._started = started
        self._first: float | None = None
        self._on_text = on_text
        self._parts: list[str] = []
        self._length = 0
        self._finish = ""
        self._model = ""
        self._refusal = ""
        self._usage = Usage()
        self.silent = True

    def add(self, chunk: Any) -> None:
        self.silent = False
        self._model = chunk.model or self._model
        if chunk.usage:
            details = chunk.usage.prompt_tokens_details
            cached = (details.cached_tokens if details else 0) or 0
            self._usage = Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens, cached)
        for choice in (chunk.choices or [])[:1]:
            self._finish = choice.finish_reason or self._finish
            self._refusal += choice.delta.refusal or ""
            if text := choice.delta.content:
                self._first = self._first or time.monotonic()
                self._parts.append(text)
                self._length += len(text)
                self._on_text(self._length)

    def reply(self, endpoint: Endpoint, request_id: str) -> Reply:
        text = "".join(self._parts)
        if not self._finish:
            raise ProviderUnavailable(f"{endpoint.provider} broke off in the middle of a reply.")
        if self._refusal or self._finish == "content_filter":
            raise BadReply(f"{endpoint.model} refused to answer: {self._refusal or 'filtered'}.")
        if not text.strip():
            raise BadReply(f"{endpoint.model} sent an empty reply.")
        return Reply(
            text=text,
            model=self._model or endpoint.model,
            provider=endpoint.provider,
            finish_reason=self._finish,
            usage=self._usage,
            seconds=time.monotonic() - self._started,
            request_id=request_id,
            first_token_seconds=self._first - self._started if self._first else None,
        )


def _foreign(where: str) -> str:
    return f"{where} does not speak the OpenAI protocol."


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, whether the header gives seconds or a date; a date is held against the server's."""
    said = headers.get("retry-after", "")
    try:
        return _waited(float(said))
    except ValueError:
        pass
    try:
        now = parsedate_to_datetime(headers.get("date", ""))
        return _waited((parsedate_to_datetime(said) - now).total_seconds())
    except (ValueError, TypeError):
        return None


def _waited(seconds: float) -> float | None:
    return None if math.isnan(seconds) else max(0.0, seconds)
