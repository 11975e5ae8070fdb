"""One call over real HTTP: a reply is whole, or it is an error in our own words."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from gitagent.domain.call import REPEATS, Message, Reply, Request, Usage
from gitagent.errors import (
    BadReply,
    ContextOverflow,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
)
from gitagent.llm.client import LETS_GO_S, ChatClient, Endpoint
from gitagent.llm.form import Form
from gitagent.llm.offered import model_names
from gitagent.llm.watchdog import Limits
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


PROFILE = ModelProfile("m", "p", 8000, 1000, "whole", takes_schema=True)
EVENTS = "text/event-stream"


def client(
    server: ScriptedServer, silence_s: float = 5.0, profile: ModelProfile = PROFILE, **hooks: Any
) -> ChatClient:
    return ChatClient(
        Endpoint("p", server.base_url, "m", KEY),
        profile,
        trace_id="a" * 32,
        limits=Limits(silence_s, silence_s),
        **hooks,
    )


def failure(server: ScriptedServer, silence_s: float = 5.0) -> ProviderError:
    """The error of one call; the key is in none of it."""
    with pytest.raises(ProviderError) as caught:
        client(server, silence_s).complete(ASKED)
    assert KEY not in f"{caught.value} {caught.value!r} {caught.value.hint}"
    return caught.value


def chunk(delta: Any = None, finish: Any = None, **fields: Any) -> bytes:
    """One event with one choice."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event(json.dumps({"id": "1", "model": "m", "choices": [choice], **fields}))


def streamed(*events: bytes, content_type: str = EVENTS) -> Raw:
    return Raw(b"".join(events), content_type)


HI = chunk({"content": "hi"})
STOP = chunk({}, "stop")
DONE = event("[DONE]")


def test_an_answer_is_whole_and_counted(server: Serve) -> None:
    """Text, names, tokens, times and the request's id are those of the reply."""
    seen: list[int] = []
    said = Say("Because ☃ it is.\n" * 3, usage=Usage(12, 7, 5), model="m-2026")
    running = server([said])
    reply = client(running, on_text=seen.append).complete(ASKED)
    assert (reply.text, reply.finish_reason) == (said.text, "stop")
    assert (reply.model, reply.provider, reply.request_id) == ("m-2026", "p", "req-1")
    assert (reply.asked, reply.ref) == ("p/m", "p/m")
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
        (Empty(), "answered without a reply"),
        (Raw(b""), "answered without a reply"),
        (Raw(b'{"choices": []}'), "answered without a reply"),
        (streamed(event('{"error": {"message": "overloaded"}}')), "overloaded"),
        (streamed(event('{"error": "something"}')), "something"),
        (streamed(HI, event('{"error": {"code": 502, "message": "gone"}}')), "answered 502: gone"),
        (streamed(HI, event('{"error": {"code": 400, "message": "bad"}}')), "answered 400: bad"),
        (streamed(HI, chunk({}, "error")), "gave up in the middle"),
        (streamed(event("{not json")), "broke off in the middle"),
        (streamed(HI, b'data: {"choices": [{"del'), "broke off in the middle"),
        (streamed(HI, DONE), "broke off in the middle"),
        (streamed(HI, b"<html>Bad gateway</html>"), "broke off in the middle"),
        (streamed(event('{"choices": 5}')), "broke off in the middle"),
        (streamed(event("[1, 2]")), "broke off in the middle"),
        (Raw(b'{"choices": [{"message": {"content": "ha'), "broke off in the middle"),
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
        (Raw(b'{"status": "ok"}'), "does not speak the OpenAI protocol"),
        (Raw(b'{"done": false}\n{"done": true}\n'), "does not speak the OpenAI protocol"),
        (Raw(b"hello", "text/plain"), "does not speak the OpenAI protocol"),
        (streamed(b"<!doctype html>"), "does not speak the OpenAI protocol"),
        (Raw(b'{"error": {"code": 401, "message": "no key"}}'), "answered 401: no key"),
        (streamed(event('{"error": {"code": 400, "message": "odd"}}')), "answered 400: odd"),
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
    item = streamed(HI, STOP, DONE, content_type="text/event-stream; charset=utf-8")
    reply = client(server([item])).complete(ASKED)
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
        ChatClient(endpoint, profile, trace_id="0" * 32).complete(ASKED)
    assert e.value.unpaid


def test_a_secret_in_the_address_is_not_shown(server: Serve) -> None:
    """A password or a key in the base URL reaches no message."""
    running = server([Status(401)])
    url = running.base_url.replace("//", f"//user:{KEY}@") + f"?key={KEY}"
    endpoint = Endpoint("p", url, "m")
    profile = ModelProfile("m", "p", 8000, 1000, "whole")
    with pytest.raises(ProviderError) as caught:
        ChatClient(endpoint, profile, trace_id="0" * 32).complete(ASKED)
    assert KEY not in str(caught.value)
    assert KEY not in repr(endpoint)


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
    assert error.busy


def test_the_models_of_an_endpoint(server: Serve) -> None:
    """The list of names, sorted; an endpoint without one is an error in our words."""
    running = server([])
    assert model_names(Endpoint("p", running.base_url, "", KEY)) == ["scripted"]
    with pytest.raises(ProviderError):
        model_names(Endpoint("p", running.base_url + "/nowhere", "", KEY))


def test_an_address_that_is_none_is_rejected() -> None:
    """A typing error in the base URL is not waited for."""
    for url in ("nonsense", "ftp://127.0.0.1/v1", "http://127.0.0.1:port/v1"):
        with pytest.raises(ProviderRejected, match=r"is no address"):
            ChatClient(Endpoint("p", url, "m", KEY), PROFILE, trace_id="0" * 32).complete(ASKED)


def test_a_weak_model_is_not_asked_again_at_once_where_it_was_left_talking(server: Serve) -> None:
    """The server is given the time to notice, or it reads the prompt twice."""
    weak = replace(PROFILE, weak=True)
    serving = server([Say("and so on, " * 3000), Say("short")])
    asking = client(serving, profile=weak)
    assert asking.complete(ASKED).finish_reason == REPEATS
    left = time.monotonic()
    assert asking.complete(ASKED).text == "short"
    assert time.monotonic() - left > LETS_GO_S / 2


def test_who_is_not_weak_may_repeat_what_it_says(server: Serve) -> None:
    """A long table is no runaway."""
    reply = client(server([Say("0, 0, 0,\n" * 3000)])).complete(ASKED)
    assert (reply.finish_reason, len(reply.text)) == ("stop", 9 * 3000)


def test_the_status_of_a_rejection_is_kept(server: Serve) -> None:
    """What follows from an error depends on it; a quota that is used up is a bill to be paid."""
    quota = {"error": {"message": "pay", "type": "insufficient_quota"}}
    for item, status in ((Status(401), 401), (Status(404), 404), (Status(429, quota), 402)):
        error = failure(server([item]))
        assert isinstance(error, ProviderRejected)
        assert error.status == status


def test_an_error_has_the_id_of_its_answer(server: Serve) -> None:
    """Whoever asks the provider about a bill or a failure needs it."""
    assert failure(server([Status(500)])).request_id == "req-1"
    assert failure(server([streamed(HI)])).request_id == "req-1"
    assert failure(server([Hang(0.0)])).request_id == ""


def test_a_prompt_that_is_too_long_has_its_own_error(server: Serve) -> None:
    """A shorter one may be asked then; also where the complaint comes as an event."""
    said = '{"error": {"code": 400, "message": "prompt is too long: 9 tokens > 8 maximum"}}'
    for item in (overflow(), Status(413), streamed(event(said))):
        assert isinstance(failure(server([item])), ContextOverflow)


def test_the_headers_of_every_answer_are_handed_on(server: Serve) -> None:
    """A limiter learns from good and bad ones, by names in lower case."""
    told = {"X-RateLimit-Remaining-Requests": "3", "Retry-After": "2"}
    seen: list[Mapping[str, str]] = []
    running = server([Status(429, headers=told), Say("x")])
    with pytest.raises(ProviderUnavailable):
        client(running, on_headers=seen.append).complete(ASKED)
    client(running, on_headers=seen.append).complete(ASKED)
    assert seen[0]["x-ratelimit-remaining-requests"] == "3"
    assert [headers["x-request-id"] for headers in seen] == ["req-1", "req-2"]


USED = {"prompt_tokens": 12, "completion_tokens": 7}


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        (USED, Usage(12, 7)),
        ({**USED, "prompt_tokens_details": {"cached_tokens": 5}}, Usage(12, 7, 5)),
        ({**USED, "prompt_tokens_details": {"cached_tokens": 500}}, Usage(12, 7, 12)),
        ({**USED, "prompt_tokens_details": {"cached_tokens": None}}, Usage(12, 7)),
        ({**USED, "prompt_tokens_details": "many"}, Usage(12, 7)),
        ({**USED, "prompt_cache_hit_tokens": 4}, Usage(12, 7, 4)),
        ({"prompt_tokens": 12.0, "completion_tokens": 7.0}, Usage(12, 7)),
        ({"prompt_tokens": 12, "completion_tokens": None}, Usage()),
        ({"prompt_tokens": 12}, Usage()),
        ({"prompt_tokens": -5, "completion_tokens": 7}, Usage()),
        ({"prompt_tokens": "12", "completion_tokens": "7"}, Usage()),
        ({"prompt_tokens": True, "completion_tokens": 7}, Usage()),
        ({"prompt_tokens": 1e300, "completion_tokens": 7}, Usage()),
        ({}, Usage()),
        ("a lot", Usage()),
        (7, Usage()),
        ([], Usage()),
    ],
    ids=repr,
)
def test_usage_is_counted_where_it_makes_sense(server: Serve, usage: Any, counted: Usage) -> None:
    """Half a count or an absurd one is none: it would be charged for less than was used."""
    item = streamed(HI, STOP, chunk({}, None, usage=usage), DONE)
    assert client(server([item])).complete(ASKED).usage == counted


def called(*arguments: str) -> list[dict[str, Any]]:
    return [{"index": n, "function": {"arguments": said}} for n, said in enumerate(arguments)]


def text_of(server: Serve, item: Item) -> str:
    return client(server([item])).complete(ASKED).text


@pytest.mark.parametrize(
    "item",
    [
        streamed(HI, STOP, DONE),
        streamed(HI, STOP),
        streamed(HI, STOP, STOP, DONE, DONE),
        streamed(chunk({"content": "hi"}, "stop"), chunk({"content": "hi"}, "stop"), DONE),
        streamed(chunk({"content": "h"}, "stop"), chunk({"content": "i"}, "stop"), DONE),
        streamed(HI, chunk({}, "stop"), chunk({"content": "hi"})),
        streamed(b": OPENROUTER PROCESSING\n\n", HI, b": ping\n\n", STOP, DONE),
        streamed(event('{"type": "ping"}'), HI, STOP, DONE),
        streamed(chunk({"content": "hi"}).replace(b"\n", b"\r\n"), STOP, DONE),
        streamed(chunk({"content": "hi"}).removesuffix(b"\n"), STOP, DONE),
        streamed(HI, STOP.rstrip()),
        streamed(b"\xef\xbb\xbf" + HI, STOP, DONE),
        streamed(HI, STOP, DONE, content_type="application/json"),
        streamed(HI, STOP, DONE, content_type="text/html"),
        streamed(chunk({"content": [{"type": "text", "text": "hi"}]}), STOP, DONE),
        streamed(chunk({"reasoning_content": "Hm."}), HI, STOP, DONE),
        streamed(chunk({"reasoning": "Hm.", "content": ""}), HI, STOP, DONE),
        streamed(chunk({"content": "h"}), chunk(None), chunk({"content": "i"}), STOP, DONE),
        streamed(chunk({"tool_calls": called("hi")}), STOP, DONE),
        streamed(chunk({"tool_calls": called("h")}), chunk({"tool_calls": called("i")}), STOP),
        streamed(chunk({"function_call": {"name": "f", "arguments": "hi"}}), STOP, DONE),
        streamed(chunk({"content": "hi", "tool_calls": called("a", "b")}), STOP, DONE),
        Raw(b'{"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}'),
        Raw(b'\n {"choices": [{"message": {"content": "hi"}}]}\n', EVENTS),
    ],
    ids=lambda item: item.data.decode()[:60],
)
def test_a_reply_is_read_in_whatever_form_it_comes(server: Serve, item: Raw) -> None:
    """Comments, repeated last chunks, wrong types and one document are what servers send."""
    assert text_of(server, item) == "hi"


def test_a_document_in_place_of_a_stream_is_a_whole_reply(server: Serve) -> None:
    """Its usage and names count like those of a stream."""
    message = {"role": "assistant", "content": "hi", "reasoning_content": "Hm."}
    said = {
        "model": "m-2026",
        "choices": [{"index": 0, "message": message, "finish_reason": "length"}],
        "usage": USED,
    }
    reply = client(server([Raw(json.dumps(said).encode())])).complete(ASKED)
    assert (reply.text, reply.model, reply.finish_reason) == ("hi", "m-2026", "length")
    assert reply.usage == Usage(12, 7)


def test_the_arguments_of_a_tool_call_may_be_an_object(server: Serve) -> None:
    """Some servers decode them."""
    call = {"tool_calls": [{"function": {"name": "f", "arguments": {"steps": ["é"]}}}]}
    said = text_of(server, streamed(chunk(call), STOP, DONE))
    assert json.loads(said) == {"steps": ["é"]}


def test_text_with_odd_line_ends_is_kept(server: Serve) -> None:
    """Only LF ends a line of the stream: U+2028 and the like are part of a text."""
    text = "a\u2028b\x85c\x0bd\x1ce"
    data = json.dumps({"choices": [{"delta": {"content": text}}]}, ensure_ascii=False)
    assert text_of(server, streamed(event(data), STOP, DONE)) == text


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ((chunk({"tool_calls": called("{}", "{}")}),), "called 2 tools"),
        ((chunk({"tool_calls": called('{"path": "a.py", "con')}),), "arguments that break off"),
        ((chunk({"tool_calls": called("")}),), "sent an empty reply"),
        ((chunk({"reasoning_content": "Hm."}),), "wrote only its reasoning."),
        ((chunk({"content": " ", "reasoning": "Hm."}, "length"),), "reasoning and was cut off"),
        ((chunk({"refusal": "I"}), chunk({"refusal": " will not."})), "refused to answer: I will"),
        ((chunk({}, "SAFETY"),), "refused to answer: filtered"),
        ((chunk({"content": "half"}, "content_filter"),), "refused to answer: filtered"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_cannot_be_used_was_paid_for(
    server: Serve, events: tuple[bytes, ...], reason: str
) -> None:
    """The error carries the reply with its usage, so that it is charged as it was billed."""
    last = () if b'finish_reason": null' not in events[-1] else (STOP,)
    item = streamed(*events, *last, chunk({}, None, usage=USED), DONE)
    error = failure(server([item]))
    assert isinstance(error, BadReply)
    assert reason in str(error)
    assert isinstance(error.reply, Reply)
    assert (error.reply.usage, error.reply.provider) == (Usage(12, 7), "p")


def test_a_reply_without_end_is_given_up(server: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server fills the memory."""
    monkeypatch.setattr("gitagent.llm.events.LARGEST", 1000)
    assert isinstance(failure(server([Say("x" * 2000)])), ProviderUnavailable)


def named(parameter: str, status: int = 400) -> Status:
    return Status(status, {"error": {"message": f"Unsupported parameter: {parameter}."}})


@pytest.mark.parametrize(
    ("complaint", "gone"),
    [
        (named("response_format"), "response_format"),
        (named("'response_format' of type 'json_schema'", 422), "response_format"),
        (named("No endpoints found with structured outputs", 404), "response_format"),
        (named("temperature"), "temperature"),
        (named("stream_options"), "stream_options"),
    ],
    ids=repr,
)
def test_what_an_endpoint_does_not_know_is_left_out(
    server: Serve, complaint: Status, gone: str
) -> None:
    """It is asked once more without, and not with it again."""
    running = server([complaint, Say("a"), Say("b")])
    asking = client(running)
    request = Request("plan", ASKED.messages, 77, schema={"type": "object"})
    assert [asking.complete(request).text, asking.complete(request).text] == ["a", "b"]
    assert [gone in call.json for call in running.calls] == [True, False, False]
    kept = {"model", "messages", "max_tokens", "response_format", "temperature"} - {gone}
    assert kept <= running.calls[1].json.keys()


def test_a_limit_may_have_another_name(server: Serve) -> None:
    """Newer models want `max_completion_tokens`, and say so."""
    running = server([named("'max_tokens'; use 'max_completion_tokens'"), Say("a")])
    client(running).complete(ASKED)
    assert running.calls[1].json["max_completion_tokens"] == 100
    assert "max_tokens" not in running.calls[1].json


def test_a_complaint_about_nothing_of_ours_is_not_answered(server: Serve) -> None:
    """No request is repeated as it was."""
    running = server([named("response_format"), Say("never")])
    with pytest.raises(ProviderRejected):
        client(running).complete(ASKED)
    assert len(running.calls) == 1


def test_the_beginning_of_a_prompt_is_marked_where_that_saves_money(server: Serve) -> None:
    """Rules, and what stays of the question; together the parts are what was asked."""
    asked = (
        Message("system", "rules"),
        Message("user", "files then task", stable=6),
        Message("assistant", "no"),
        Message("user", "again", stable=99),
    )
    running = server([Say("x"), Say("x")])
    marking = replace(PROFILE, cache="marks")
    client(running, profile=marking).complete(Request("propose", asked, 9))
    client(running).complete(Request("propose", asked, 9))
    marked, plain = (call.json["messages"] for call in running.calls)
    mark = {"type": "ephemeral"}
    assert marked == [
        {
            "role": "system",
            "content": [{"type": "text", "text": "rules", "cache_control": mark}],
        },
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "files ", "cache_control": mark},
                {"type": "text", "text": "then task"},
            ],
        },
        {"role": "assistant", "content": "no"},
        {"role": "user", "content": [{"type": "text", "text": "again", "cache_control": mark}]},
    ]
    assert plain == [{"role": m.role, "content": m.content} for m in asked]


def test_openai_is_told_what_belongs_together() -> None:
    """Calls of one task have one cache key there, and nowhere else."""
    official, other = (
        Form("m", PROFILE, official=official, trace_id="t").body(ASKED)
        for official in (True, False)
    )
    assert (official["prompt_cache_key"], official["max_completion_tokens"]) == ("t", 100)
    assert "prompt_cache_key" not in other
