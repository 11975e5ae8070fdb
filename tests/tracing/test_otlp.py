"""Export to a real OTLP/HTTP receiver, with our ids, and never in the way of the task."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from bench import FILES, FIX, GREEN, TEXT, Bench, line_of, refs

from gitagent.domain.span import Span
from gitagent.testing.listener import Listener, Received
from gitagent.testing.protocol import Head, Pause, Wire
from gitagent.testing.scripted import Say, Status
from gitagent.tracing.export import PATIENCE_S, export

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE, PARENT = CALLER.split("-")[1:3]
SLACK_S = 2.0
"""For what is imported the first time, on a machine that has other things to do."""
SPAN = Span(
    id="1" * 16,
    parent="",
    kind="call",
    name="call 1",
    start="2026-01-01T00:00:00+00:00",
    seconds=1.0,
    outcome="error",
    attributes={"error": "bad FAKEKEY", "model": "FAKEKEY", "status": "ok"},
)


class Receiver:
    """What an OTLP collector would have of what was sent."""

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.url = f"http://127.0.0.1:{listener.server_port}"

    @property
    def requests(self) -> tuple[Received, ...]:
        return self.listener.received

    @property
    def resources(self) -> list[dict[str, Any]]:
        return [values(each.resource.attributes) for each in self._sent()]

    @property
    def spans(self) -> list[Any]:
        return [s for each in self._sent() for scope in each.scope_spans for s in scope.spans]

    def _sent(self) -> Iterator[Any]:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )

        for request in self.requests:
            message = ExportTraceServiceRequest()
            message.ParseFromString(request.body)
            yield from message.resource_spans


def values(attributes: Any) -> dict[str, Any]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in attributes}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    def answer(_request: Received) -> Wire:
        return [Head(200, {"Content-Type": "application/x-protobuf", "Content-Length": "0"})]

    with closing(_Stopped(Listener(answer))) as found:
        yield Receiver(found.listener)


class _Stopped:
    def __init__(self, listener: Listener) -> None:
        self.listener = listener

    def close(self) -> None:
        self.listener.stop()


@pytest.fixture
def bench(server: Callable[..., Any], agent_inline: Callable[..., Any]) -> Bench:
    return Bench(server, agent_inline)


@pytest.fixture
def calc(repo: Callable[..., Path]) -> Path:
    return repo(FILES)


def test_a_task_arrives_with_the_ids_of_its_log(
    bench: Bench, calc: Path, receiver: Receiver
) -> None:
    """Every span that `git agent trace` shows, below the caller's, in one request."""
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, "TRACEPARENT": CALLER}
    done = bench.task(calc, "--gate", GREEN, says=[line_of("*"), FIX], env=env)
    assert done.code == 0, done.err
    shown = bench.run("trace", done.id, "--json", cwd=calc).json()["spans"]
    (request,) = receiver.requests
    assert request.path == "/v1/traces"
    assert {span.trace_id.hex() for span in receiver.spans} == {TRACE}
    sent = [(s.span_id.hex(), s.parent_span_id.hex()) for s in receiver.spans]
    assert sent == [(span["id"], span["parent"]) for span in shown]
    assert receiver.spans[0].parent_span_id.hex() == PARENT
    assert receiver.resources[0]["service.name"] == "gitagent"
    assert all(span.end_time_unix_nano >= span.start_time_unix_nano for span in receiver.spans)


def test_calls_speak_the_conventions(bench: Bench, calc: Path, receiver: Receiver) -> None:
    """Dashboards for generative AI find model, provider and tokens under the names they know."""
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
    bench.task(calc, "--no-gate", env=env)
    spans = receiver.spans
    (call,) = (span for span in spans if span.name.startswith("chat"))
    found = values(call.attributes)
    assert (call.name, call.kind, call.status.code) == ("chat scripted", 3, 1)
    assert found["gen_ai.operation.name"] == "chat"
    assert found["gen_ai.provider.name"] == "openai"
    assert found["gen_ai.request.model"] == found["gen_ai.response.model"] == "scripted"
    assert found["gen_ai.usage.input_tokens"] > 0
    assert found["gen_ai.usage.output_tokens"] > 0
    assert found["gitagent.cost_usd"] == 0
    others = [span for span in spans if span is not call]
    assert not any("gen_ai" in name for span in others for name in values(span.attributes))


def test_no_text_of_task_code_or_model_is_sent(
    bench: Bench, calc: Path, receiver: Receiver
) -> None:
    """A trace goes to people who may not see the code."""
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
    done = bench.task(calc, "--gate", GREEN, says=["nothing of use", FIX], env=env)
    assert done.code == 0, done.err
    (request,) = receiver.requests
    for text in (TEXT, "return a", "nothing of use", "grep -q", "Add in place"):
        assert text.encode() not in request.body


def test_a_failed_call_is_an_error(bench: Bench, calc: Path, receiver: Receiver) -> None:
    """It has no answer's model or tokens; task and run are errors, too."""
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
    bench.task(calc, "--no-gate", says=[Status(401)], env=env)
    (call,) = (span for span in receiver.spans if span.name.startswith("chat"))
    assert call.status.code == 2
    assert "401" in call.status.message
    assert not {"gen_ai.response.model", "gen_ai.usage.input_tokens"} & set(values(call.attributes))
    assert [s.status.code for s in receiver.spans if s.name in ("task", "run")] == [2, 2]


def test_the_run_after_a_killed_one_sends_both(
    agent: Any, server: Callable[..., Any], bench: Bench, calc: Path, receiver: Receiver
) -> None:
    """A process that is killed can tell nobody; the log knows what it did."""
    running = server([Say(line_of("*")), Say(FIX)])
    env = {**running.environment, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
    armed = {**env, "GITAGENT_FAILPOINT": "call reserved: kept#2"}
    assert agent("task", TEXT, "--gate", GREEN, cwd=calc, env=armed).code == -9
    assert receiver.requests == ()
    assert bench.run("resume", "--gate", GREEN, cwd=calc, env=env).code == 0
    runs = [span for span in receiver.spans if span.name == "run"]
    assert [run.status.code for run in runs] == [0, 1]
    assert sum(span.name.startswith("chat") for span in receiver.spans) == 3
    ids = [span.span_id for span in receiver.spans]
    assert len(ids) == len(set(ids))


def test_what_a_run_has_sent_is_not_sent_again(
    server: Callable[..., Any], bench: Bench, calc: Path, receiver: Receiver
) -> None:
    """Tokens would be counted twice. Only the task's own span comes again, for it has grown."""
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
    assert bench.task(calc, "--no-gate", says=[Status(401)], env=env).code == 6
    able = {**env, **server([Say(FIX)]).environment}
    assert bench.run("resume", "--no-gate", cwd=calc, env=able).code == 0
    assert len(receiver.requests) == 2
    ids = [span.span_id.hex() for span in receiver.spans]
    again = {span_id for span_id in ids if ids.count(span_id) > 1}
    assert again == {span.span_id.hex() for span in receiver.spans if span.name == "task"}


def test_headers_and_names_are_the_users(bench: Bench, calc: Path, receiver: Receiver) -> None:
    """An address for traces is taken as it stands; headers, service and resource as given."""
    env = {
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{receiver.url}/own/path",
        "OTEL_EXPORTER_OTLP_HEADERS": "x-team=blue%20sky,authorization=Bearer%20FAKEKEY",
        "OTEL_SERVICE_NAME": "our-bot",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=ci",
    }
    bench.task(calc, "--no-gate", env=env)
    (request,) = receiver.requests
    assert request.path == "/own/path"
    assert request.headers["x-team"] == "blue sky"
    assert request.headers["authorization"] == "Bearer FAKEKEY"
    (resource,) = receiver.resources
    assert resource["service.name"] == "our-bot"
    assert resource["deployment.environment"] == "ci"


@pytest.mark.parametrize(
    "forbidding", [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}]
)
def test_what_is_switched_off_sends_nothing(
    bench: Bench, calc: Path, receiver: Receiver, forbidding: dict[str, str]
) -> None:
    """The usual switches are obeyed, and in silence."""
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url, **forbidding}
    done = bench.task(calc, "--no-gate", env=env)
    assert receiver.requests == ()
    assert "OTEL" not in done.err


@pytest.mark.parametrize("listening", [True, False], ids=["silent", "nobody"])
def test_a_dead_collector_costs_a_line_and_not_the_task(
    bench: Bench, calc: Path, listening: bool
) -> None:
    """The task is done all the same, and nothing of the library is printed."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        if listening:
            deaf.listen()
        url = f"http://user:FAKEKEY@127.0.0.1:{deaf.getsockname()[1]}"
        usual = bench.task(calc, "--no-gate")
        done = bench.task(calc, "--no-gate", env={"OTEL_EXPORTER_OTLP_ENDPOINT": url})
    assert usual.code == done.code == 0
    said = [line for line in done.err.splitlines() if "trace" in line]
    assert len(said) == 1
    assert "did not arrive at 127.0.0.1:" in said[0]
    assert "FAKEKEY" not in done.err
    assert len(done.err.splitlines()) == len(usual.err.splitlines()) + 1


@pytest.mark.parametrize(
    "parts", [[Pause(30)], [Pause(0.5), b"."] * 60], ids=["silent", "dripping"]
)
def test_a_slow_collector_costs_two_seconds(parts: list[Any]) -> None:
    """Also one that always sends a little more, so that no time limit of a socket ever ends it."""
    listener = Listener(lambda _request: [Head(200, {"Content-Length": "1000"}), *parts])
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{listener.server_port}"}
    try:
        began = time.monotonic()
        why = export([SPAN], "a" * 32, environ, str)
        took = time.monotonic() - began
    finally:
        listener.stop()
    assert "did not arrive" in why
    assert took < PATIENCE_S + SLACK_S


def test_a_collector_that_says_no_is_quoted(bench: Bench, calc: Path) -> None:
    """What it answers is the best hint there is."""
    listener = Listener(lambda _request: [Head(401)])
    try:
        url = f"http://127.0.0.1:{listener.server_port}"
        done = bench.task(calc, "--no-gate", env={"OTEL_EXPORTER_OTLP_ENDPOINT": url})
    finally:
        listener.stop()
    assert done.code == 0
    assert "401" in next(line for line in done.err.splitlines() if "did not arrive" in line)


def test_where_the_extra_is_missing_it_is_said_how_to_get_it(
    agent: Any, server: Callable[..., Any], calc: Path, tmp_path: Path
) -> None:
    """One line; the task does not need it."""
    absent = tmp_path / "path" / "opentelemetry"
    absent.mkdir(parents=True)
    (absent / "__init__.py").write_text("raise ImportError('not here')\n")
    env = {"PYTHONPATH": str(absent.parent), "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    running = server([Say(FIX)])
    ran = agent("task", TEXT, "--no-gate", cwd=calc, env={**running.environment, **env})
    assert ran.code == 0, ran.err
    assert [line for line in ran.err.splitlines() if "pip install 'gitagent[otel]'" in line] != []


def test_whoever_does_not_ask_does_not_pay(
    agent: Any, server: Callable[..., Any], calc: Path
) -> None:
    """Without OTEL_* nothing of OpenTelemetry is imported."""
    running = server([Say(FIX)])
    env = {**running.environment, "PYTHONPROFILEIMPORTTIME": "1"}
    ran = agent("task", TEXT, "--no-gate", cwd=calc, env=env)
    assert ran.code == 0
    assert "gitagent.tracing.asked" in ran.err
    assert "opentelemetry" not in ran.err


def test_secrets_are_hidden_before_they_are_sent(receiver: Receiver) -> None:
    """What a provider's error quotes must not travel on to a collector."""
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}
    why = export([SPAN], "a" * 32, environ, lambda text: text.replace("FAKEKEY", "…"))
    assert why == ""
    (request,) = receiver.requests
    assert b"FAKEKEY" not in request.body
    assert receiver.spans[0].status.message == "bad …"


def test_a_repository_cannot_ask(bench: Bench, calc: Path, receiver: Receiver) -> None:
    """A `.env` in the repository is not read: what is exported, and where to, is the user's."""
    (calc / ".env").write_text(f"OTEL_EXPORTER_OTLP_ENDPOINT={receiver.url}\n")
    bench.task(calc, "--no-gate")
    assert receiver.requests == ()
    assert refs(calc, "refs/gitagent/")
