"""A model may ask by tools; what it calls is told as the lines that any model can write."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gitagent.domain.call import Message, Request
from gitagent.domain.want import SORTS
from gitagent.errors import BadReply
from gitagent.llm.client import ChatClient, Endpoint
from gitagent.llm.exchange import identity, question, request_hash
from gitagent.llm.tools import offered
from gitagent.ports import ModelProfile
from gitagent.testing.scripted import Raw, Say, ScriptedServer, Status

Serve = Callable[..., ScriptedServer]
PROFILE = ModelProfile("m", "p", 8000, 1000, "whole", takes_tools=True)
ASKED = Request("propose", (Message("user", "Why?"),), 100)
WITH_TOOLS = replace(ASKED, tools=SORTS)


def client(server: ScriptedServer, profile: ModelProfile = PROFILE) -> ChatClient:
    return ChatClient(Endpoint("p", server.base_url, "m", "k"), profile, trace_id="a" * 32)


def call(name: str, arguments: Any) -> dict[str, Any]:
    said = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"type": "function", "function": {"name": name, "arguments": said}}


def answer(*calls: dict[str, Any], content: str | None = None) -> Raw:
    message = {"content": content, "tool_calls": [{"index": n, **c} for n, c in enumerate(calls)]}
    choice = {"message": message, "finish_reason": "tool_calls"}
    return Raw(json.dumps({"choices": [choice]}).encode())


READ = call("read", {"path": "a.py", "start": 3, "end": 9})
FIND = call("search", {"query": "round up"})


def test_calls_become_lines(server: Serve) -> None:
    """Several at once, beside a text or not."""
    running = server([answer(READ, FIND), answer(READ, content="Let me see.\n")])
    asking = client(running)
    assert asking.complete(WITH_TOOLS).text == "READ: a.py:3-9\nSEARCH: round up"
    assert asking.complete(WITH_TOOLS).text == "Let me see.\nREAD: a.py:3-9"
    names = [tool["function"]["name"] for tool in running.calls[0].json["tools"]]
    assert names == list(SORTS)


def test_a_call_that_comes_in_pieces_is_one(server: Serve) -> None:
    """The name comes once or with each piece, the arguments a few letters at a time."""
    pieces = ('{"path"', ': "a.', 'py"}')
    deltas = [{"index": 0, "function": {"name": "read", "arguments": p}} for p in pieces]
    chunks: list[dict[str, Any]] = [{"choices": [{"delta": {"tool_calls": [d]}}]} for d in deltas]
    chunks.append({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]})
    data = "".join(f"data: {json.dumps(c)}\n\n" for c in chunks) + "data: [DONE]\n\n"
    running = server([Raw(data.encode(), "text/event-stream")])
    assert client(running).complete(WITH_TOOLS).text == "READ: a.py"


def test_another_call_is_the_text_as_ever(server: Serve) -> None:
    """A model may put its edits into a call of its own invention."""
    edits = '{"edits": []}'
    assert client(server([answer(call("edit", edits))])).complete(WITH_TOOLS).text == edits


@pytest.mark.parametrize(
    ("calls", "reason"),
    [((call("read", '{"path": "a'),), "break off"), ((call("x", {}), call("y", {})), "2 tools")],
)
def test_calls_that_say_nothing_are_no_reply(
    server: Serve, calls: tuple[dict[str, Any], ...], reason: str
) -> None:
    """Arguments that were cut, and several calls of what was not offered."""
    with pytest.raises(BadReply, match=reason):
        client(server([answer(*calls)])).complete(WITH_TOOLS)


def test_tools_are_offered_to_who_takes_them_only(server: Serve) -> None:
    """Nor beside a schema, which has a place for asks, nor where nothing may be asked any more."""
    running = server([Say("hi")] * 4)
    schema = replace(WITH_TOOLS, schema={"type": "object"})
    client(running, replace(PROFILE, takes_tools=False)).complete(WITH_TOOLS)
    client(running, replace(PROFILE, takes_schema=True)).complete(schema)
    client(running).complete(ASKED)
    client(running).complete(schema)
    assert ["tools" in each.json for each in running.calls] == [False, False, False, True]


@pytest.mark.parametrize(
    "said",
    [
        Status(400, {"error": {"message": "`tools` is not supported by this model"}}),
        Status(404, {"error": {"message": "No endpoints found that support tool use."}}),
    ],
)
def test_an_endpoint_without_tools_is_asked_without(server: Serve, said: Status) -> None:
    """From then on; the prompt says how to ask in lines."""
    running = server([said, Say("READ: a.py"), Say("hi")])
    asking = client(running)
    assert asking.complete(WITH_TOOLS).text == "READ: a.py"
    asking.complete(WITH_TOOLS)
    assert ["tools" in each.json for each in running.calls] == [True, False, False]


def test_a_question_without_tools_is_known_as_it_was() -> None:
    """What was kept before there were any is still found; with them it is another question."""
    assert "tools" not in question(ASKED).decode()
    assert "round" not in question(ASKED).decode()
    assert request_hash(ASKED) != request_hash(WITH_TOOLS)
    assert identity(ASKED, "p/m") != identity(WITH_TOOLS, "p/m")
    assert ASKED.key != replace(ASKED, round=1).key


def test_each_tool_says_what_it_takes() -> None:
    """One for each sort of ask."""
    for tool in offered(SORTS):
        parameters = tool["function"]["parameters"]
        assert set(parameters["required"]) <= set(parameters["properties"])
        assert tool["function"]["description"]
