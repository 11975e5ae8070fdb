"""Each fault against the bare openai client: what it sees is what the table says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.utils import parsedate_to_datetime as date
from typing import Any

import httpx2
import openai
import pytest

from gitagent.testing.chaos import FAULTS, ChaosServer, Fate, Say, Times
from gitagent.testing.chaos.__main__ import main
from gitagent.testing.protocol import Asked

PLAN = json.dumps({"steps": [{"title": "Say what is true", "detail": "it isn't", "paths": []}]})
QUESTION = [{"role": "user", "content": "What is to be done, and in which order?"}]
SHORT = Times(slow=0.05, silent=0.1, retry_after=2)
WAYS = pytest.mark.parametrize("stream", [True, False], ids=["streamed", "plain"])


@dataclass(frozen=True)
class Seen:
    """What a client without any care makes of an answer."""

    text: str = ""
    finish: str = ""
    refusal: str = ""
    model: str = ""
    usage: Any = None
    error: Exception | None = None


def serve(name: str, text: str = PLAN) -> ChaosServer:
    return ChaosServer(lambda _: Say(text), fate=Fate(at={1: name}), times=SHORT)


def ask(server: ChaosServer, *, stream: bool, timeout: float = 5.0) -> Seen:
    own = openai.OpenAI(
        base_url=server.base_url, api_key="FAKEKEY-client", max_retries=0, timeout=timeout
    )
    create: Any = own.chat.completions.create
    try:
        if not stream:
            return _plain(create(model="m", messages=QUESTION))
        options = {"stream": True, "stream_options": {"include_usage": True}}
        return _streamed(list(create(model="m", messages=QUESTION, **options)))
    except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
        return Seen(error=error)


def _plain(answer: Any) -> Seen:
    if isinstance(answer, str):
        return Seen(text=answer)
    if not answer.choices:
        return Seen()
    message, finish = answer.choices[0].message, answer.choices[0].finish_reason
    text = message.content or ""
    return Seen(text, finish, message.refusal or "", answer.model, answer.usage)


def _streamed(chunks: list[Any]) -> Seen:
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    ends = [choice.finish_reason for choice in choices if choice.finish_reason]
    usages = [chunk.usage for chunk in chunks if chunk.usage]
    return Seen(
        "".join(choice.delta.content or "" for choice in choices),
        ends[-1] if ends else "",
        "".join(choice.delta.refusal or "" for choice in choices),
        chunks[-1].model if chunks else "",
        usages[-1] if usages else None,
    )


def whole(seen: Seen) -> bool:
    """Whether the answer is there, however it is dressed; a document taken for a text as well."""
    if seen.text.lstrip().startswith('{"id":'):
        seen = _plain(openai.types.chat.ChatCompletion.model_validate_json(seen.text))
    return PLAN in seen.text and seen.finish == "stop"


@WAYS
@pytest.mark.parametrize("name", FAULTS)
def test_an_answer_arrives_where_the_table_says_so(name: str, stream: bool) -> None:
    """`intact` is what a client sees: the whole text and its end, or not."""
    fault = FAULTS[name]
    with serve(name) as server:
        seen = ask(server, stream=stream)
        (exchange,) = server.exchanges
    played = fault.fits(PLAN, Asked(stream=stream))
    assert whole(seen) == (fault.intact or not played), seen
    assert exchange.fault == (name if played else "")
    assert exchange.answered == whole(seen)


STATUSES = {
    "429": 429,
    "429-seconds": 429,
    "429-date": 429,
    "429-headers": 429,
    "429-quota": 429,
    "500": 500,
    "502": 502,
    "503": 503,
    "529": 529,
    "401": 401,
    "402": 402,
    "404": 404,
    "overflow": 400,
}


@WAYS
@pytest.mark.parametrize(("name", "code"), STATUSES.items())
def test_a_status_is_one(name: str, code: int, stream: bool) -> None:
    """A status reaches the client as its error, and costs nothing."""
    with serve(name) as server:
        seen = ask(server, stream=stream)
        assert isinstance(seen.error, openai.APIStatusError)
        assert seen.error.status_code == code
        assert server.report["billed"]["prompt_tokens"] == 0


def headers(name: str) -> Any:
    with serve(name) as server:
        error = ask(server, stream=True).error
    assert isinstance(error, openai.APIStatusError)
    return error.response.headers


def test_when_to_come_back_is_said_in_three_ways() -> None:
    """Seconds, a date two seconds after the answer's own, and the rate limits' headers."""
    assert headers("429-seconds")["retry-after"] == headers("503")["retry-after"] == "2"
    dated = headers("429-date")
    assert 1 <= (date(dated["retry-after"]) - date(dated["date"])).total_seconds() <= 3
    limited = headers("429-headers")
    assert limited["x-ratelimit-remaining-requests"] == "0"
    assert limited["x-ratelimit-reset-requests"] == "2s"
    assert "retry-after" not in limited
    assert "retry-after" not in headers("429")


ERRORS: dict[str, type[Exception] | tuple[type[Exception], ...]] = {
    "close": openai.APIConnectionError,
    "reset": openai.APIConnectionError,
    "cut-reset": (openai.APIConnectionError, httpx2.HTTPError),
    "truncated-json": ValueError,
}


@WAYS
@pytest.mark.parametrize(("name", "kind"), ERRORS.items())
def test_a_broken_connection_or_json_is_an_error(name: str, kind: Any, stream: bool) -> None:
    """What the client cannot read it says."""
    with serve(name) as server:
        assert isinstance(ask(server, stream=stream).error, kind)


@pytest.mark.parametrize("name", ["idle", "stall", "cut"])
def test_a_stream_that_stops_has_no_end(name: str) -> None:
    """The connection ends in good order; only the missing finish_reason tells."""
    with serve(name) as server:
        seen = ask(server, stream=True)
    assert (seen.error, seen.finish) == (None, "")
    assert PLAN.startswith(seen.text)


def test_signs_of_life_keep_a_read_timeout_from_firing() -> None:
    """Only a client with a watchdog of its own notices the idle stream; silence anybody does."""
    times = Times(silent=0.6)
    for name, timed_out in (("idle", False), ("stall", True)):
        with ChaosServer(lambda _: Say(PLAN), fate=Fate(at={1: name}), times=times) as server:
            seen = ask(server, stream=True, timeout=0.3)
        assert bool(seen.error) == timed_out


FINISHES = {"length": "length", "content-filter": "content_filter", "tool-call": "tool_calls"}


@WAYS
@pytest.mark.parametrize(("name", "finish"), FINISHES.items())
def test_a_finish_reason_tells(name: str, finish: str, stream: bool) -> None:
    """The answer says itself why it is not whole."""
    with serve(name) as server:
        assert ask(server, stream=stream).finish == finish


@WAYS
def test_odd_answers_look_as_from_a_real_endpoint(stream: bool) -> None:
    """Refusal, another model, usage that is absent or absurd, nothing at all."""

    def seen(name: str) -> Seen:
        with serve(name) as server:
            return ask(server, stream=stream)

    assert "can't" in seen("refusal").refusal
    assert seen("wrong-model").model != "m"
    assert seen("usage-missing").usage is None
    assert seen("usage-absurd").usage.completion_tokens > 10**9
    assert seen("empty-choices").text == seen("empty-message").text == ""


@pytest.mark.parametrize("name", ["fenced", "single-quotes", "missing-brace", "comments"])
def test_bad_json_is_bad_and_befalls_json_only(name: str) -> None:
    """No strict reader takes it; a text that is no JSON is left alone."""
    with serve(name) as server, pytest.raises(ValueError, match=r"(?i)expect|char"):
        json.loads(ask(server, stream=True).text)
    with serve(name, "no JSON at all") as server:
        assert ask(server, stream=True).text == "no JSON at all"
        assert server.exchanges[0].fault == ""


def test_what_is_billed_is_what_a_model_has_done() -> None:
    """A cut answer is billed, a status is not, and an absurd usage changes nothing."""

    def billed(name: str) -> int:
        with serve(name) as server:
            ask(server, stream=True)
            tokens: int = server.report["billed"]["completion_tokens"]
            return tokens

    full = len(PLAN) // 4
    assert billed("cut") == billed("usage-absurd") == billed("usage-missing") == full
    assert billed("length") == full // 2
    assert billed("500") == billed("html") == 0


def test_every_fault_has_a_sentence_and_a_use(capsys: Any) -> None:
    """The list names each; none has another's name."""
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for fault in FAULTS.values():
        assert [line for line in lines if line.split()[0] == fault.name and fault.says in line]
