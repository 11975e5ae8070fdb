"""Faults of what is said: the answer comes in good order and is not what was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from gitagent.testing import protocol
from gitagent.testing.chaos.fault import Case, Change
from gitagent.testing.chaos.rewire import (
    DONE,
    Payload,
    edited,
    end_of_text,
    measured,
    retyped,
    said,
    streamed,
)
from gitagent.testing.protocol import Asked, Part, Pause, Wire

PAGE = "<!doctype html><title>Sign in</title><h1>Please sign in to the network</h1>"
THOUGHT = "The user wants this done. Let me see what it takes… that should be all.\n"
BEHIND = "\n\nI hope this helps! Tell me if you would like anything else to be changed."
OTHER_MODEL = "some-other-model-2026"
ABSURD = 10**12


def html(_good: Sequence[Part], _case: Case) -> Wire:
    """A web page with status 200, as a captive portal sends it."""
    return protocol.content(PAGE.encode(), "text/html; charset=utf-8")


def wrong_type(good: Sequence[Part], _case: Case) -> Wire:
    """The right bytes under a Content-Type that is not theirs."""
    return retyped(good, "text/plain")


def truncated_json(good: Sequence[Part], _case: Case) -> Wire:
    """An event, or the document, is half a JSON value, in a response that is in good order."""
    if not streamed(good):
        return measured([_half_of(part) for part in good])
    *before, last = good[: end_of_text(good)]
    return [*before, _half_of(last), b"\n\n", DONE]


def empty_choices(_good: Sequence[Part], case: Case) -> Wire:
    """There is no choice in the answer."""
    return protocol.empty(case.asked)


def empty_message(_good: Sequence[Part], case: Case) -> Wire:
    """There is a message, and nothing in it."""
    return protocol.chat(case.asked, "")


def length(good: Sequence[Part], case: Case) -> Wire:
    """The model ran into a limit: half of the text, and `length` as its end."""
    return protocol.chat(case.asked, _half(said(good)), finish_reason="length")


def refusal(_good: Sequence[Part], case: Case) -> Wire:
    """The protocol's own refusal in place of a content."""
    return protocol.chat(case.asked, None, refusal="I'm sorry, I can't help with that.")


def content_filter(good: Sequence[Part], case: Case) -> Wire:
    """A filter of the provider's stops the text in its middle."""
    return protocol.chat(case.asked, _half(said(good)), finish_reason="content_filter")


def wrong_model(good: Sequence[Part], _case: Case) -> Wire:
    """Another model than the requested one says that it has answered."""
    return edited(good, lambda payload: {**payload, "model": OTHER_MODEL})


def duplicated(good: Sequence[Part], _case: Case) -> Wire:
    """Every event comes twice, and so does every piece of text; of a document all bytes do."""
    parts = [p for p in good if not isinstance(p, Pause)]
    twice = [copy for p in parts for copy in ([p, p] if isinstance(p, bytes) else [p])]
    return measured(twice)


def doubled_end(good: Sequence[Part], _case: Case) -> Wire:
    """The last events (why it ended, usage, `[DONE]`) come twice.

    All at once: who is content with the first `[DONE]` leaves nothing unread.
    """
    end = end_of_text(good)
    events = [part for part in good[end:] if isinstance(part, bytes)]
    return [*good[:end], b"".join(events * 2)]


def usage_missing(good: Sequence[Part], _case: Case) -> Wire:
    """Nothing is said of usage, though it was asked for."""

    def without(payload: Payload) -> Payload | None:
        rest = {name: value for name, value in payload.items() if name != "usage"}
        return rest if rest["choices"] else None

    return edited(good, without)


def usage_absurd(good: Sequence[Part], _case: Case) -> Wire:
    """The usage is more than any model can have read or written."""

    def absurd(payload: Payload) -> Payload:
        if not payload.get("usage"):
            return payload
        named = {"prompt_tokens": ABSURD, "completion_tokens": ABSURD, "total_tokens": 2 * ABSURD}
        return {**payload, "usage": {**payload["usage"], **named}}

    return edited(good, absurd)


def tool_call(good: Sequence[Part], case: Case) -> Wire:
    """A call of a tool that nobody offered, with arguments that break off, and no content."""
    arguments = json.dumps({"answer": said(good)})[:-8]
    function = {"name": "submit_answer", "arguments": arguments}
    call = {"index": 0, "id": "call_0", "type": "function", "function": function}
    usage = case.asked.usage(arguments)
    fields = {"tool_calls": [call]}
    return protocol.message(case.asked, fields, finish_reason="tool_calls", usage=usage)


def told(change: Callable[[str], str]) -> Change:
    """A fault that says another text, in good order."""

    def play(good: Sequence[Part], case: Case) -> Wire:
        return protocol.chat(case.asked, change(said(good)))

    return play


def thinking(text: str) -> str:
    """The reasoning stands in the content, before the answer."""
    return f"<think>\n{THOUGHT}</think>\n\n{text}"


def text_behind(text: str) -> str:
    """The answer is followed by kind words."""
    return text.rstrip() + BEHIND


def fenced(text: str) -> str:
    """JSON in a fence of its own, between words."""
    return f"Here is the JSON:\n\n```json\n{text.strip()}\n```\n"


def single_quotes(text: str) -> str:
    """JSON as Python would write it."""
    return repr(json.loads(text))


def missing_brace(text: str) -> str:
    """JSON whose last brace was forgotten."""
    return text.rstrip()[:-1]


def comments(text: str) -> str:
    """JSON with a comment in it and a comma too many, as people write it."""
    inside = text.strip()
    return f"{inside[0]} // the plan\n{inside[1:-1]},\n{inside[-1]}"


def is_json(text: str, _asked: Asked) -> bool:
    """Fits an answer that is a JSON object."""
    try:
        found: Any = json.loads(text)
    except ValueError:
        return False
    return isinstance(found, dict) and bool(found)


def is_streamed(_text: str, asked: Asked) -> bool:
    """Fits a streamed answer."""
    return asked.stream


def says_something(text: str, _asked: Asked) -> bool:
    """Fits an answer that has a text to be cut or doubled."""
    return len(text) > 1


def _half(text: str) -> str:
    return text[: len(text) // 2]


def _half_of(part: Part) -> Part:
    return part[: len(part) // 2] if isinstance(part, bytes) else part
