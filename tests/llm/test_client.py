"""One call over real HTTP: a reply is whole, or it is an error in our own words."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate

import pytest

from gitagent.domain.call import Message, Request, Usage
from gitagent.errors import BadReply, ProviderError, ProviderRejected, ProviderUnavailable
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.offered import model_names
from gitagent.ports import ModelProfile
from gitagent.testing.protocol import event
from gitagent.testing.scripted import (
    Cut,
    Empty,
    Hang,
    Html,
    Item,
    Raw,
    Refuse,
    Say,
    ScriptedServer,
    Status,
    overflow,
)

Serve = Callable[..., ScriptedServer]
KEY = "FAKEKEY-client-test"
ASKED = Request("plan", (Message("system", "Be short."), Message("user", "Why? ☃")), 100)


def client(
    server: ScriptedServer, silence_s: float = 5.0, seen: list[int] | None = None
) -> ChatClient:
    return ChatClient(
        Endpoint("p", server.base_url, "m", KEY),
        ModelProfile("m", "p", 8000, 1000, "whole", takes_schema=True),
        silence_s=silence_s,
        trace_id="a" * 32,
        on_text=(seen if seen is not None else []).append,
    )


def failure(server: ScriptedServer, silence_s: float = 5.0) -> ProviderError:
    """The error of one call; the key is in none of it."""
    with pytest.raises(ProviderError) as caught:
        client(server, silence_s).complete(ASKED)
    assert KEY not in f"{caught.value} {caught.value!r} {caught.value.hint}"
    return caught.value


def test_an_answer_is_whole_and_counted(server: Serve) -> None:
    """Text, names, tokens, times and the request's id are those of the reply."""
    seen: list[int] = []
    said = Say("Because ☃ it is.\n" * 3, usage=Usage(12, 7, 5), model="m-2026")
    running = server([said])
    reply = client(running, seen=seen).complete(ASKED)
    assert (reply.text, reply.finish_reason) == (said.text, "stop")
    assert (reply.model, reply.provider, reply.request_id) == ("m-2026", "p", "req-1")
    assert reply.usage == Usage(12, 7, 5)
    assert 0 < (reply.first_token_seconds or 0) <= reply.seconds < 5
    assert seen == sorted(seen)
    assert seen[-1] == len(said.text)


def test_what_is_sent(server: Serve) -> None:
    """Messages, limits and schema as the request has them, and a W3C trace."""
    running = server([Say("x")])
    schema = {"type": "object"}
    request = Request("plan", ASKED.messages, 77, temperature=0.5, schema=schema)
    client(running).complete(request)
    (call,) = running.calls
    assert call.json["messages"][1] == {"role": "user", "content": "Why? ☃"}
    assert (call.json["model"], call.json["max_tokens"], call.json["temperature"]) == ("m", 77, 0.5)
    assert call.json["response_format"]["json_schema"]["schema"] == schema
    version, trace, span, flags = call.headers["traceparent"].split("-")
    assert (version, trace, len(span), flags) == ("00", "a" * 32, 16, "01")


def test_the_key_is_in_the_authorization_header_alone(
    server: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other key of the environment goes along, and no part of ours goes elsewhere."""
    monkeypatch.setenv("OPENAI_API_KEY", "FAKEKEY-environment")
    monkeypatch.setenv("OPENAI_ORG_ID", "FAKEKEY-organisation")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "FAKEKEY-project")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Evil: FAKEKEY-custom")
    running = server([Say("x")])
    client(running).complete(ASKED)
    (call,) = running.calls
    assert call.headers.pop("authorization") == f"Bearer {KEY}"
    assert b"FAKEKEY" not in call.body
    assert not [name for name, value in call.headers.items() if "FAKEKEY" in value]
    assert KEY not in repr(Endpoint("p", "http://x", "m", KEY))


def test_a_proxy_does_not_stand_before_loopback(
    server: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The local model is reached directly whatever the environment says about proxies."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert client(server([Say("direct")])).complete(ASKED).text == "direct"


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (Status(500), "answered 500"),
        (Status(503), "answered 503"),
        (Status(529), "answered 529"),
        (Status(408), "answered 408"),
        (Cut("half a"), "broke off in the middle"),
        (Cut("half a", reset=True), "broke off in the middle"),
        (Cut(""), "broke off in the middle"),
        (Hang(0.0), "broke off"),
        (Empty(), "broke off in the middle"),
        (Raw(event('{"error": {"message": "overloaded"}}'), "text/event-stream"), "overloaded"),
        (Raw(event("{not json"), "text/event-stream"), "does not speak"),
        (Raw(event('{"choices": 5}'), "text/event-stream"), "does not speak"),
    ],
    ids=repr,
)
def test_what_may_pass_is_worth_another_try(server: Serve, item: Item, message: str) -> None:
    """A busy, broken or vanished provider is unavailable; no half reply is handed on."""
    error = failure(server([item]))
    assert isinstance(error, ProviderUnavailable)
    assert message in str(error)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (Status(400), "answered 400"),
        (Status(401), "answered 401"),
        (Status(402), "answered 402"),
        (Status(403), "answered 403"),
        (Status(404), "has no model `m`"),
        (Status(413), "answered 413"),
        (Status(422), "answered 422"),
        (overflow(), "maximum context length"),
        (Status(429, {"error": {"message": "pay", "code": "insufficient_quota"}}), "pay"),
        (Status(500, headers={"x-should-retry": "false"}), "answered 500"),
        (Status(401, {"error": {"message": f"Wrong key: {KEY}"}}), "Wrong key: …"),
        (Html(), "does not speak the OpenAI protocol"),
        (Raw(b'{"choices": []}'), "does not speak the OpenAI protocol"),
        (Raw(b"hello", "text/plain"), "does not speak the OpenAI protocol"),
    ],
    ids=repr,
)
def test_what_stays_wrong_is_rejected(server: Serve, item: Item, message: str) -> None:
    """Our own mistakes, a wrong address and a provider that says no are not tried again."""
    error = failure(server([item]))
    assert isinstance(error, ProviderRejected)
    assert message in str(error)


def test_an_exhausted_script_is_not_tried_again(server: Serve) -> None:
    """The scripted server says so itself; a test sees the call that it did not expect."""
    assert isinstance(failure(server([])), ProviderRejected)


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (Refuse("I will not."), "refused to answer: I will not."),
        (Say("", finish_reason="content_filter"), "refused to answer"),
        (Say(""), "empty reply"),
        (Say(" \n "), "empty reply"),
        (Say("", finish_reason="length"), "empty reply"),
    ],
    ids=repr,
)
def test_a_reply_without_an_answer_cannot_be_used(server: Serve, item: Item, message: str) -> None:
    """Refusals, filters and empty texts are no answers, and are named."""
    error = failure(server([item]))
    assert isinstance(error, BadReply)
    assert message in str(error)


def test_a_reply_that_hit_its_limit_says_so(server: Serve) -> None:
    """`length` is handed on for the caller to judge, with the text so far."""
    reply = client(server([Say("half", finish_reason="length")])).complete(ASKED)
    assert (reply.text, reply.finish_reason) == ("half", "length")


def test_usage_may_be_missing(server: Serve) -> None:
    """A server that counts nothing still answers; nobody invents numbers."""
    chunk = '{"id":"1","object":"x","created":1,"model":"m","choices":[{"index":0,"delta":%s}]}'
    ended = chunk.replace('"delta":%s', '"delta":{},"finish_reason":"stop"')
    events = event(chunk % '{"content":"hi"}') + event(ended) + event("[DONE]")
    reply = client(server([Raw(events, "text/event-stream; charset=utf-8")])).complete(ASKED)
    assert (reply.text, reply.usage) == ("hi", Usage())


@pytest.mark.parametrize("item", [Hang(30), Say("a" * 64, pace=30)], ids=["silent", "mid-reply"])
def test_silence_ends_a_call(server: Serve, item: Item) -> None:
    """A provider that says nothing for `silence_s` is given up, at the start or in between."""
    running = server([item])
    started = time.monotonic()
    assert isinstance(failure(running, silence_s=0.2), ProviderUnavailable)
    assert time.monotonic() - started < 5


def test_a_slow_reply_that_keeps_coming_is_waited_for(server: Serve) -> None:
    """It is silence that is bounded, not the length of a reply."""
    running = server([Say("0123456789" * 4, chunk_size=4, pace=0.06)])
    assert client(running, silence_s=0.3).complete(ASKED).text == "0123456789" * 4


def test_nobody_there() -> None:
    """A refused connection is unavailable, names the address and cost nothing."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    endpoint = Endpoint("p", f"http://127.0.0.1:{port}/v1", "m", KEY)
    profile = ModelProfile("m", "p", 8000, 1000, "whole")
    with pytest.raises(ProviderUnavailable, match=f"127.0.0.1:{port}/v1.*cannot be reached") as e:
        ChatClient(endpoint, profile, silence_s=1, trace_id="0" * 32).complete(ASKED)
    assert e.value.unpaid


def test_a_secret_in_the_address_is_not_shown(server: Serve) -> None:
    """A password or a key in the base URL reaches no message."""
    running = server([Status(401)])
    url = running.base_url.replace("//", f"//user:{KEY}@") + f"?key={KEY}"
    endpoint = Endpoint("p", url, "m")
    profile = ModelProfile("m", "p", 8000, 1000, "whole")
    with pytest.raises(ProviderError) as caught:
        ChatClient(endpoint, profile, silence_s=1, trace_id="0" * 32).complete(ASKED)
    assert KEY not in str(caught.value)
    assert KEY not in repr(endpoint)


def dated(seconds: float) -> Mapping[str, str]:
    # the server's clock is far off: only the distance between its own two dates counts
    then = 1_000_000_000
    return {
        "Retry-After": formatdate(then + seconds, usegmt=True),
        "Date": formatdate(then, usegmt=True),
    }


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
    ids=repr,
)
def test_retry_after_is_seconds(
    server: Serve, headers: Mapping[str, str], seconds: float | None
) -> None:
    """The provider's own time is handed on, where it makes sense."""
    error = failure(server([Status(429, headers=headers)]))
    assert isinstance(error, ProviderUnavailable)
    assert error.retry_after == seconds
    assert error.unpaid


def test_retry_after_may_be_a_date(server: Serve) -> None:
    """A date is held against the server's own, so that no clock of ours matters."""
    from gitagent.llm.client import _retry_after

    headers = {name.lower(): value for name, value in dated(9).items()}
    assert _retry_after(headers) == 9.0
    assert _retry_after({"retry-after": headers["retry-after"]}) is None


def test_the_models_of_an_endpoint(server: Serve) -> None:
    """The list of names, sorted; an endpoint without one is an error in our words."""
    running = server([])
    assert model_names(Endpoint("p", running.base_url, "", KEY)) == ["scripted"]
    with pytest.raises(ProviderError):
        model_names(Endpoint("p", running.base_url + "/nowhere", "", KEY))
