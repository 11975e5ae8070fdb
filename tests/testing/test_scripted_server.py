"""The scripted server against real clients: openai, a bare socket, and as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from gitagent.domain.call import Usage
from gitagent.errors import UsageError
from gitagent.testing.scripted import (
    Cut,
    Empty,
    Hang,
    Html,
    Raw,
    Refuse,
    Say,
    ScriptedServer,
    Status,
    overflow,
)

Serve = Callable[..., ScriptedServer]
QUESTION = [{"role": "user", "content": "What is the time?"}]
LONG = "It is half past nine, and all is well in the village.\n" * 20


def client(server: ScriptedServer, timeout: float = 5.0) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=server.base_url, api_key="FAKEKEY-client", max_retries=0, timeout=timeout
    )


def ask(server: ScriptedServer, timeout: float = 5.0, **options: Any) -> Any:
    create: Any = client(server, timeout).chat.completions.create
    return create(model="m", messages=QUESTION, **options)


def stream(server: ScriptedServer, **options: Any) -> list[ChatCompletionChunk]:
    chunks: Iterator[ChatCompletionChunk] = ask(
        server, stream=True, stream_options={"include_usage": True}, **options
    )
    return list(chunks)


def text(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)


def finish(chunks: list[ChatCompletionChunk]) -> list[str]:
    return [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason]


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.loads(answer.read())


def test_plain_and_streamed_answers_carry_the_same_text(server: Serve) -> None:
    """Whichever way a client asks, it gets the script's text, finish reason and usage."""
    running = server([Say(LONG), Say(LONG)])
    plain, chunks = ask(running), stream(running)
    assert plain.choices[0].message.content == text(chunks) == LONG
    assert [plain.choices[0].finish_reason] == finish(chunks) == ["stop"]
    assert plain.usage == chunks[-1].usage
    assert plain.usage.completion_tokens == len(LONG) // 4
    assert plain.usage.prompt_tokens == len("What is the time?") // 4


def test_text_outside_ascii_survives_every_chunk_size(server: Serve) -> None:
    """Chunks are cut between characters, never inside one."""
    said = "Grüße 🚲 «日本»\r\n\tEnde"
    running = server([Say(said, chunk_size=1), Say(said, chunk_size=1000)])
    assert text(stream(running)) == text(stream(running)) == said


def test_the_script_decides_usage_finish_reason_and_model(server: Serve) -> None:
    """What a test gives is what the client sees, a wrong model's name as well."""
    item = Say("cut o", finish_reason="length", usage=Usage(7, 3, 2), model="other")
    answer = ask(server([item]))
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.prompt_tokens_details.cached_tokens == 2
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (7, 3)
    assert answer.model == "other"


def test_usage_is_only_streamed_to_who_asks_for_it(server: Serve) -> None:
    """Without `include_usage` no chunk speaks of usage."""
    chunks = list(ask(server([Say("hello")]), stream=True))
    assert all(c.usage is None and c.choices for c in chunks)


def test_items_are_served_once_each_to_many_threads(server: Serve) -> None:
    """Twenty clients at once get twenty different items."""
    running = server([Say(str(n)) for n in range(20)])
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: ask(running).choices[0].message.content, range(20)))
    assert sorted(answers, key=int) == [str(n) for n in range(20)]
    assert len(running.calls) == 20
    assert running.left == 0


def test_an_exhausted_script_answers_500_and_says_so(server: Serve) -> None:
    """A call that no test foresaw is seen."""
    with pytest.raises(openai.InternalServerError, match="script is exhausted"):
        ask(server([]))


def test_a_function_can_answer(server: Serve) -> None:
    """A script may look at the request."""
    running = server(lambda request: Say(request["messages"][0]["content"].upper()))
    assert ask(running).choices[0].message.content == "WHAT IS THE TIME?"
    assert running.left is None


def test_statuses_carry_bodies_and_headers(server: Serve) -> None:
    """A 429 has its Retry-After; a number that no standard knows passes too."""
    running = server([Status(429, headers={"Retry-After": "3"}), Status(529), overflow(4096)])
    with pytest.raises(openai.RateLimitError) as limited:
        ask(running)
    assert limited.value.response.headers["retry-after"] == "3"
    with pytest.raises(openai.APIStatusError, match="529"):
        ask(running)
    with pytest.raises(openai.BadRequestError) as over:
        ask(running)
    assert over.value.code == "context_length_exceeded"


def test_a_cut_stream_has_text_but_no_finish_reason(server: Serve) -> None:
    """The connection ends in good order, so only the missing finish_reason tells."""
    chunks = stream(server([Cut("half an ans")]))
    assert text(chunks) == "half an ans"
    assert finish(chunks) == []


def test_a_reset_or_a_cut_document_is_a_connection_error(server: Serve) -> None:
    """The hard ways to break off reach the client as errors."""
    running = server([Cut("half", reset=True), Cut("half")])
    with pytest.raises(Exception, match=r"(?i)reset|read|connection"):
        stream(running)
    with pytest.raises(openai.APIConnectionError):
        ask(running)


def test_a_hanging_server_runs_into_the_clients_timeout(server: Serve) -> None:
    """Nothing comes, not even a status line."""
    running = server([Hang(30)])
    with pytest.raises(openai.APITimeoutError):
        ask(running, timeout=0.2)


def test_delay_and_pace_are_kept(server: Serve) -> None:
    """The first byte waits for `delay`, each further delta for `pace`."""
    start = time.monotonic()
    stream(server([Say("abcd", delay=0.2, pace=0.05, chunk_size=1)]))
    assert time.monotonic() - start >= 0.4


def test_empty_refused_and_malformed_answers(server: Serve) -> None:
    """The odd answers look to the client as they do from a real endpoint."""
    running = server([Empty(), Empty(), Refuse("No."), Refuse("No."), Html(), Raw(b"{nonsense")])
    assert ask(running).choices == []
    assert text(stream(running)) == ""
    assert ask(running).choices[0].message.refusal == "No."
    refusals = [c.choices[0].delta.refusal for c in stream(running) if c.choices]
    assert "No." in refusals
    assert isinstance(ask(running), str)
    with pytest.raises(json.JSONDecodeError):
        ask(running)


def test_every_request_is_kept_and_can_be_searched(server: Serve) -> None:
    """A planted key is found wherever it stands: path, header or body."""
    running = server([Say("x")])
    ask(running, user='a "quoted" FAKEKEY-ü')
    (request,) = running.calls
    assert request.json["model"] == "m"
    assert request.headers["authorization"] == "Bearer FAKEKEY-client"
    assert "FAKEKEY-client" in request
    assert 'a "quoted" FAKEKEY-ü' in request
    assert "FAKEKEY-elsewhere" not in request


def test_health_models_and_unknown_paths(server: Serve) -> None:
    """The server has what clients probe for, and a 404 for the rest."""
    running = server([])
    root = running.base_url.removesuffix("/v1")
    assert get(f"{root}/health") == {"status": "ok"}
    assert [m.id for m in client(running).models.list()] == ["scripted"]
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{root}/v1/nowhere")
    assert running.calls == ()
    assert [r.path for r in running.requests] == ["/health", "/v1/models", "/v1/nowhere"]


def test_stopping_wakes_what_hangs_and_frees_the_port() -> None:
    """A test's end never waits for a hanging answer."""
    first = ScriptedServer([Hang(30)])
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(ask, first)
        while not first.requests:
            time.sleep(0.01)
        first.stop()
        assert isinstance(hanging.exception(5), openai.APIConnectionError)
    port = int(first.base_url.split(":")[2].split("/")[0])
    with ScriptedServer([], port=port) as second:
        assert second.base_url == first.base_url
        with pytest.raises(UsageError, match="cannot be opened"):
            ScriptedServer([], port=port)


def start(script: Path, *options: str) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "gitagent.testing.scripted", str(script), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def post(base_url: str) -> Any:
    body = json.dumps({"model": "m", "messages": QUESTION}).encode()
    return get_json(urllib.request.Request(f"{base_url}/chat/completions", body))


def get_json(request: urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read())


def test_as_a_process_it_prints_its_url_and_ends_with_its_script(tmp_path: Path) -> None:
    """`--once` serves the last item to its end before the process leaves."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"say": "one"}, {"say": "two", "delay": 0.2}]))
    process, url = start(script, "--once")
    said = [post(url)["choices"][0]["message"]["content"] for _ in "12"]
    assert said == ["one", "two"]
    assert process.wait(5) == 0


def test_as_a_process_it_ends_on_interrupt_and_names_a_bad_script(tmp_path: Path) -> None:
    """Ctrl-C ends it without a traceback; a script that is none costs exit code 2."""
    script = tmp_path / "script.json"
    script.write_text("[]")
    process, url = start(script)
    assert get(url.removesuffix("/v1") + "/health") == {"status": "ok"}
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 130
    script.write_text("{}")
    assert start(script)[0].wait(5) == 2
