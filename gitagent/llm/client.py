"""One call to an OpenAI-compatible endpoint, streamed, with its errors in our own words.

No retry happens here and no reply is interpreted; a reply is whole or it is an error.
"""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

from gitagent.domain.call import Reply, Request
from gitagent.errors import ProviderError, ProviderRejected, ProviderUnavailable
from gitagent.llm import complaints, events
from gitagent.llm.answer import Answer
from gitagent.llm.form import Form
from gitagent.llm.loops import Loops
from gitagent.llm.several import Several
from gitagent.llm.watchdog import USUAL, Limits, Watchdog
from gitagent.ports import ModelProfile

if TYPE_CHECKING:
    import httpx2
    import openai

CONNECT_SECONDS = 10.0
SPARE_SECONDS = 1.0
"""By how much a read outlasts the limits, so that it is the limits that end a call."""

LETS_GO_S = 1.0
"""Seconds until a server has seen that nobody listens any more. Asked sooner, one of llama.cpp may
read the prompt anew, in a place of its memory where the last one is not."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")
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
        return self._address.hostname in LOOPBACK

    @property
    def official(self) -> bool:
        return self._address.hostname == "api.openai.com"

    @property
    def shown_url(self) -> str:
        """The address for people, without a password or key that stands in it."""
        parts = self._address
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))

    @property
    def _address(self) -> SplitResult:
        try:
            return urlsplit(self.base_url)
        except ValueError:
            return urlsplit("http://?")


class ChatClient:
    """Implements ports.Model.

    `limits` bound each reply in time. `on_text` is called with the length of the reply so far,
    `on_headers` with the headers of every answer, good or bad (names in lower case), `hide` takes
    secrets out of what the endpoint says of an error.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        profile: ModelProfile,
        *,
        trace_id: str,
        limits: Limits = USUAL,
        on_text: Callable[[int], None] = lambda _: None,
        on_headers: Callable[[Mapping[str, str]], None] = lambda _: None,
        hide: Callable[[str], str] = str,
    ) -> None:
        self.profile = profile
        self._endpoint = endpoint
        self._trace_id = trace_id
        self._limits = limits
        self._on_text = on_text
        self._on_headers = on_headers
        self._hide = hide
        self._form = Form(endpoint.model, profile, official=endpoint.official, trace_id=trace_id)
        self._here = threading.local()
        self._client: openai.OpenAI | None = None
        self._left_at = -math.inf

    def complete(self, request: Request) -> Reply:
        """The reply, or a ProviderError. Where the endpoint does not know a part of the request
        on which nothing depends, it is asked again without."""
        self._connection()  # loading it takes a while that is not the provider's
        time.sleep(max(0.0, self._left_at + LETS_GO_S - time.monotonic()))
        began = time.monotonic()
        while True:
            watch = Watchdog(self._limits)
            answer = self._answer(request, began, watch)
            try:
                with watch, self._translated(answer, watch):
                    if self._answers(request, answer, watch):
                        return answer.reply()
            except ProviderError as error:
                error.request_id = answer.request_id
                raise

    def _answer(self, request: Request, began: float, watch: Watchdog) -> Answer | Several:
        """What collects the answer, or all that are wanted."""
        at = self._endpoint
        tools = request.tools if self.profile.takes_tools else ()

        def one(on_text: Callable[[int], None]) -> Answer:
            loops = Loops() if self.profile.weak else None
            return Answer(
                self.profile.ref, at.model, at.provider, began, on_text, tools=tools, loops=loops
            )

        if not request.further:
            return one(self._on_text)
        wanted = 1 + request.further
        return Several(wanted, one, self._on_text, request.enough, watch.paused)

    def _answers(self, request: Request, answer: Answer | Several, watch: Watchdog) -> bool:
        """Ask, and collect the answer; False where the request must be put differently."""
        import openai

        self._here.watch = watch
        body = self._form.body(request)
        headers = {"traceparent": self._traceparent(request)}
        create = self._connection().chat.completions.create
        try:
            stream = create(**body, extra_headers=headers)
        except openai.APIStatusError as error:
            self._learn(error.response, answer)
            complaint = complaints.of_status(error)
            # some complain of a long prompt by way of the limit that it leaves for the reply
            if not complaints.overflows(complaint) and self._form.can_do_without(complaint, body):
                return False
            raise self._judged(complaint, answer) from error
        with stream:
            self._learn(stream.response, answer)
            for payload in events.payloads(stream.response.iter_bytes()):
                if failed := complaints.of_payload(payload):
                    raise self._judged(failed, answer)
                if answer.add(payload):
                    watch.word()
                if answer.over:
                    self._left_at = time.monotonic()
                    break
        return True

    def _learn(self, response: httpx2.Response, answer: Answer | Several) -> None:
        answer.request_id = response.headers.get("x-request-id", "")
        self._on_headers(response.headers)

    def _connection(self) -> openai.OpenAI:
        import httpx2

        if self._client is None:
            try:
                self._client = self._connected()
            except httpx2.InvalidURL as error:
                raise self._no_address() from error
        return self._client

    def _connected(self) -> openai.OpenAI:
        import httpx2
        import openai

        longest = max(self._limits.first_s, self._limits.idle_s) + SPARE_SECONDS
        endless = 0 in (self._limits.first_s, self._limits.idle_s)
        timeout = httpx2.Timeout(None if endless else longest, connect=CONNECT_SECONDS)
        return openai.OpenAI(
            api_key=self._endpoint.api_key or "none",
            base_url=self._endpoint.base_url,
            max_retries=0,
            timeout=timeout,
            http_client=httpx2.Client(
                timeout=timeout,
                # a proxy of the environment must not stand between us and this machine
                trust_env=not self._endpoint.loopback,
                event_hooks={"request": [self._leaves], "response": [self._arrives]},
            ),
        )

    def _leaves(self, request: httpx2.Request) -> None:
        """The openai package adds what the environment holds for OpenAI, wherever it goes to."""
        allowed = HEADERS + (OPENAI_HEADERS if self._endpoint.official else ())
        for name in list(request.headers):
            if name.lower() not in allowed:
                del request.headers[name]
        request.extensions["trace"] = self._connects

    def _connects(self, event: str, info: Mapping[str, Any]) -> None:
        """A new connection can be watched before it has brought anything."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._here.watch.holds(info["return_value"].get_extra_info("socket"))

    def _arrives(self, response: httpx2.Response) -> None:
        self._here.watch.holds(response.extensions["network_stream"].get_extra_info("socket"))

    def _traceparent(self, request: Request) -> str:
        """Whose part that is which the provider does: the call's or, outside a log, nobody's."""
        return f"00-{self._trace_id}-{request.span or secrets.token_hex(8)}-01"

    @property
    def _where(self) -> str:
        return f"{self._endpoint.provider} ({self._endpoint.shown_url})"

    @contextmanager
    def _translated(self, answer: Answer | Several, watch: Watchdog) -> Iterator[None]:
        import httpx2
        import openai

        foreign = (openai.APIError, httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL)
        try:
            yield
        except ProviderUnavailable as error:
            if watch.passed:
                raise self._too_slow(watch.passed) from error
            raise
        except (*foreign, ValueError, AttributeError, TypeError) as error:
            if watch.passed:
                raise self._too_slow(watch.passed) from error
            raise self._translation(error, begun=answer.begun) from error

    def _no_address(self) -> ProviderRejected:
        return ProviderRejected(f"{self._where} is no address of a server.", hint=CHECK_URL)

    def _too_slow(self, limit: str) -> ProviderUnavailable:
        return ProviderUnavailable(f"{self._where} {limit}.")

    def _translation(self, error: Exception, *, begun: bool) -> ProviderError:
        import httpx2
        import openai

        cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
        if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout):
            return ProviderUnavailable(f"{self._where} cannot be reached.", unpaid=True)
        if isinstance(cause, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
            return self._no_address()
        if isinstance(cause, httpx2.ReadTimeout) and not begun:
            # on a connection of an earlier call, which the watchdog learns of with the headers
            return self._too_slow(f"did not begin its answer within {self._limits.first_s:g} s")
        if isinstance(cause, httpx2.HTTPError | httpx2.StreamError | events.Broken):
            return ProviderUnavailable(f"{self._where} broke off in the middle of a reply.")
        said = f"{self._where} does not speak the OpenAI protocol."
        if isinstance(cause, events.Foreign) and not begun:
            return ProviderRejected(said, hint=CHECK_URL)
        return ProviderUnavailable(said)

    def _judged(self, complaint: complaints.Complaint, answer: Answer | Several) -> ProviderError:
        key = self._endpoint.api_key

        def hide(text: str) -> str:
            return self._hide(text.replace(key, "…") if key else text)

        return complaints.judged(
            complaint, self._where, self._endpoint.model, hide, begun=answer.begun
        )
