"""Reads wires and writes them anew: what faults are made of.

A wire of `protocol.chat` has one server-sent event a part, or one document with its length
announced; both can be read and changed payload by payload.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from gitagent.domain.call import Usage
from gitagent.testing import protocol
from gitagent.testing.protocol import Head, Part

DONE = protocol.event("[DONE]")
_PREFIX = b"data: "

Payload = dict[str, Any]


def streamed(parts: Sequence[Part]) -> bool:
    """Whether a wire is a stream of events and no document of announced length."""
    heads = [part for part in parts if isinstance(part, Head)]
    return any("event-stream" in head.headers.get("Content-Type", "") for head in heads)


def payloads(parts: Sequence[Part]) -> Iterator[Payload]:
    """The JSON object of each event, or of the document."""
    for part in parts:
        if isinstance(part, bytes) and (payload := _payload(part)) is not None:
            yield payload


def said(parts: Sequence[Part]) -> str:
    """The text that the answer says, its deltas joined."""
    choices = [choice for payload in payloads(parts) for choice in payload.get("choices", ())]
    messages = [choice.get("delta") or choice.get("message") or {} for choice in choices]
    return "".join(message.get("content") or "" for message in messages)


def counted(parts: Sequence[Part]) -> Usage | None:
    """The usage that the answer names; None where it names none."""
    found = [payload["usage"] for payload in payloads(parts) if payload.get("usage")]
    if not found:
        return None
    return Usage(found[-1]["prompt_tokens"], found[-1]["completion_tokens"])


def edited(parts: Sequence[Part], change: Callable[[Payload], Payload | None]) -> list[Part]:
    """Each payload replaced by what `change` makes of it; None leaves its event out."""
    return measured([part for old in parts if (part := _changed(old, change)) is not None])


def retyped(parts: Sequence[Part], content_type: str) -> list[Part]:
    """The same bytes under another Content-Type."""

    def typed(part: Part) -> Part:
        if not isinstance(part, Head):
            return part
        return replace(part, headers={**part.headers, "Content-Type": content_type})

    return [typed(part) for part in parts]


def measured(parts: Sequence[Part]) -> list[Part]:
    """The same with the length, where one is announced, that the body really has."""
    length = str(sum(len(part) for part in parts if isinstance(part, bytes)))

    def sized(part: Part) -> Part:
        if not isinstance(part, Head) or "Content-Length" not in part.headers:
            return part
        return replace(part, headers={**part.headers, "Content-Length": length})

    return [sized(part) for part in parts]


def end_of_text(parts: Sequence[Part]) -> int:
    """The index of the part that says why the text is over; of the document, where it is one."""
    for n, part in enumerate(parts):
        payload = _payload(part) if isinstance(part, bytes) else None
        if payload and any(c.get("finish_reason") for c in payload.get("choices", ())):
            return n
    return len(parts)


def _payload(part: bytes) -> Payload | None:
    if part == DONE:
        return None
    try:
        found = json.loads(part.removeprefix(_PREFIX))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _changed(part: Part, change: Callable[[Payload], Payload | None]) -> Part | None:
    payload = _payload(part) if isinstance(part, bytes) else None
    if payload is None or not isinstance(part, bytes):
        return part
    after = change(payload)
    if after is None:
        return None
    text = protocol.as_json(after)
    return protocol.event(text.decode()) if part.startswith(_PREFIX) else text
