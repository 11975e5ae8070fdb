"""Scripts as data: their JSON form, and what each item puts on the wire."""

from __future__ import annotations

import json

import pytest

from gitagent.domain.call import Usage
from gitagent.errors import UsageError
from gitagent.testing import protocol
from gitagent.testing.protocol import Asked, Head, Pause, Reset
from gitagent.testing.script import (
    Cut,
    Empty,
    Hang,
    Html,
    Item,
    Raw,
    Refuse,
    Say,
    Script,
    Status,
    play,
    read,
)

STREAMED = Asked(stream=True, include_usage=True)


def test_every_item_has_a_json_form() -> None:
    """What Python tests can script, a file can too."""
    written = [
        "plain",
        {"say": "x", "finish_reason": "length", "usage": {"prompt": 1, "completion": 2}},
        {"refuse": "no"},
        {"status": 503, "headers": {"Retry-After": "1"}},
        {"html": "<p>"},
        {"cut": "ha", "reset": True},
        {"hang": 0.5},
        {"empty": True},
        {"raw": "{", "content_type": "text/plain"},
    ]
    expected: tuple[Item, ...] = (
        Say("plain"),
        Say("x", finish_reason="length", usage=Usage(1, 2)),
        Refuse("no"),
        Status(503, headers={"Retry-After": "1"}),
        Html("<p>"),
        Cut("ha", reset=True),
        Hang(0.5),
        Empty(),
        Raw(b"{", "text/plain"),
    )
    assert read(json.dumps(written)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[5]", '[{"speak": "x"}]', '[{"say": "x", "cut": "y"}]', '[{"say": "x", "no": 1}]'],
)
def test_a_script_that_cannot_be_read_is_a_usage_error(text: str) -> None:
    """A typing mistake in a script is named, not played."""
    with pytest.raises(UsageError):
        read(text)


def test_a_script_counts_what_is_left() -> None:
    """Items are handed out in order; behind the last stands a 500."""
    script = Script([Say("a"), Say("b")])
    assert [script({}), script.left, script({})] == [Say("a"), 1, Say("b")]
    exhausted = script({})
    assert isinstance(exhausted, Status)
    assert exhausted.code == 500


def test_pauses_and_resets_are_parts_of_the_wire() -> None:
    """A wire is data: nothing sleeps or breaks until somebody writes it."""
    wire = list(play(Say("ab", delay=3, pace=2, chunk_size=1), STREAMED))
    assert wire[0] == Pause(3)
    assert isinstance(wire[1], Head)
    assert wire.count(Pause(2)) == 2
    assert list(play(Cut("a", reset=True), STREAMED))[-1] == Reset()
    assert list(play(Hang(9), STREAMED)) == [Pause(9)]


def test_a_stream_ends_with_usage_and_done() -> None:
    """The order that clients rely on: finish_reason, then usage without choices, then [DONE]."""
    events = [part.decode() for part in play(Say("hi"), STREAMED) if isinstance(part, bytes)]
    assert events[-1] == "data: [DONE]\n\n"
    finish, usage = (json.loads(e.removeprefix("data: ")) for e in events[-3:-1])
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert finish["usage"] is None
    assert usage["choices"] == []
    assert usage["usage"]["total_tokens"] == 0


def test_content_in_parts_counts_towards_the_prompt() -> None:
    """Messages may hold a list of parts or nothing at all in place of a text."""
    messages = [{"content": "abcdefgh"}, {"content": [{"type": "text", "text": "x"}]}, {}]
    asked = Asked.of({"messages": messages}, "id")
    assert asked.prompt_tokens == 2 + len('[{"type": "text", "text": "x"}]') // 4
    assert protocol.tokens("") == 0
