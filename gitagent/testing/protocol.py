"""How the OpenAI protocol looks on the wire, apart from who decides what is answered.

An answer is a `Wire`: the parts that go through the socket in order. Parts are plain data, so a
server that misbehaves is a function from one wire to another: cut it short, repeat a part, put a
`Pause` before the first byte.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from gitagent.domain.call import Usage

CREATED = 1_700_000_000
"""The `created` time of every answer: nothing may depend on it."""


@dataclass(frozen=True)
class Head:
    """Status line and headers. Without a Content-Length the closed connection ends the body."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Pause:
    seconds: float


@dataclass(frozen=True)
class Reset:
    """Drop the connection so that the client sees a reset and not an orderly end."""


Part = Head | Pause | Reset | bytes
Wire = Iterable[Part]


@dataclass(frozen=True)
class Asked:
    """What of a chat request decides how the answer is written down."""

    id: str = "chatcmpl-0"
    model: str = "scripted"
    stream: bool = False
    include_usage: bool = False
    prompt_tokens: int = 0
    n: int = 1

    @classmethod
    def of(cls, request: Mapping[str, Any], id: str) -> Asked:
        options = request.get("stream_options") or {}
        return cls(
            id=id,
            model=str(request.get("model", "scripted")),
            stream=bool(request.get("stream")),
            include_usage=bool(options.get("include_usage")),
            n=int(request.get("n") or 1),
            prompt_tokens=sum(
                tokens(m.get("content") or "") for m in request.get("messages") or ()
            ),
        )

    def usage(self, reply: str) -> Usage:
        return Usage(prompt=self.prompt_tokens, completion=tokens(reply))


def tokens(content: object) -> int:
    """Roughly how many tokens a text is; a list of content parts counts as its JSON."""
    return len(content if isinstance(content, str) else json.dumps(content)) // 4


def content(
    body: bytes, content_type: str, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> list[Part]:
    """A whole body whose length is announced."""
    own = {"Content-Type": content_type, "Content-Length": str(len(body))}
    return [Head(status, {**own, **(headers or {})}), body]


def document(
    payload: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> list[Part]:
    return content(as_json(payload), "application/json", status=status, headers=headers)


def error(
    status: int,
    message: str = "",
    *,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> list[Part]:
    """An error body as the API writes it; the message is the status's own phrase by default."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    detail = {"message": message or phrase(status), "type": kind, "param": None, "code": code}
    return document({"error": detail}, status=status, headers=headers)


def phrase(status: int) -> str:
    """The standard phrase of a status; providers send numbers (529) that no standard knows."""
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else f"Status {status}"


def models(names: Iterable[str]) -> list[Part]:
    entries = [
        {"id": n, "object": "model", "created": CREATED, "owned_by": "scripted"} for n in names
    ]
    return document({"object": "list", "data": entries})


def chat(
    asked: Asked,
    text: str | None,
    *,
    finish_reason: str = "stop",
    usage: Usage | None = None,
    refusal: str | None = None,
    chunk_size: int = 16,
    pace: float = 0.0,
) -> Iterator[Part]:
    """A whole answer, as a stream or as one document, whichever was asked for.

    `chunk_size` counts characters of one delta; `pace` is the pause before each, in seconds.
    """
    usage = usage or asked.usage(text or refusal or "")
    if not asked.stream:
        message = {"role": "assistant", "content": text, "refusal": refusal}
        choice = {"index": 0, "message": message, "finish_reason": finish_reason}
        yield from document(_completion(asked, [choice], usage))
        return
    yield from _opening(asked)
    key, said = ("content", text) if refusal is None else ("refusal", refusal)
    yield from _deltas(asked, key, said or "", chunk_size, pace)
    yield from _closing(asked, finish_reason, usage)


def several(
    asked: Asked, texts: Sequence[str], *, chunk_size: int = 16, pace: float = 0.0
) -> Iterator[Part]:
    """Answers to the same words, streamed piece by piece in turns; each is counted behind its end,
    as llama.cpp does."""
    if not asked.stream:
        said = [{"role": "assistant", "content": text} for text in texts]
        choices = [
            {"index": n, "message": each, "finish_reason": "stop"} for n, each in enumerate(said)
        ]
        yield from document(_completion(asked, choices, asked.usage("".join(texts))))
        return
    yield from _opening(asked)
    for start in range(0, max(map(len, texts)) + chunk_size, chunk_size):
        if pace:
            yield Pause(pace)
        for n, text in enumerate(texts):
            if start < len(text):
                yield _chunk(
                    asked, [_choice({"content": text[start : start + chunk_size]}, index=n)]
                )
            elif start - chunk_size < len(text):
                yield _chunk(asked, [_choice({}, "stop", index=n)])
                if asked.include_usage:
                    yield _chunk(asked, [], asked.usage(text))
    yield event("[DONE]")


def message(
    asked: Asked, fields: Mapping[str, Any], *, finish_reason: str, usage: Usage | None = None
) -> Iterator[Part]:
    """An answer whose message has these fields, sent as one delta where it is streamed."""
    usage = usage or asked.usage("")
    whole = {"role": "assistant", "content": None, **fields}
    if not asked.stream:
        choice = {"index": 0, "message": whole, "finish_reason": finish_reason}
        yield from document(_completion(asked, [choice], usage))
        return
    yield from _opening(asked)
    yield _chunk(asked, [_choice(whole)])
    yield from _closing(asked, finish_reason, usage)


def cut(asked: Asked, text: str, *, chunk_size: int = 16, reset: bool = False) -> Iterator[Part]:
    """An answer that breaks off behind `text`: no finish_reason, no usage, no `[DONE]`.

    Not streamed, it is a document of which only the first half arrives.
    """
    if asked.stream:
        yield from _opening(asked)
        yield from _deltas(asked, "content", text, chunk_size, 0.0)
    else:
        head, body = chat(asked, text)
        assert isinstance(body, bytes)
        yield from (head, body[: len(body) // 2])
    if reset:
        yield Reset()


def empty(asked: Asked) -> Iterator[Part]:
    """An answer without any choice."""
    if not asked.stream:
        yield from document(_completion(asked, [], asked.usage("")))
        return
    yield Head(200, {"Content-Type": "text/event-stream"})
    yield _chunk(asked, [])
    yield event("[DONE]")


def as_json(payload: object) -> bytes:
    """The bytes of a payload, as short as JSON can be."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def event(data: str) -> bytes:
    """One server-sent event."""
    return f"data: {data}\n\n".encode()


def _opening(asked: Asked) -> Iterator[Part]:
    yield Head(200, {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    yield _chunk(asked, [_choice({"role": "assistant", "content": ""})])


def _closing(asked: Asked, finish_reason: str, usage: Usage) -> Iterator[Part]:
    yield _chunk(asked, [_choice({}, finish_reason)])
    if asked.include_usage:
        yield _chunk(asked, [], usage)
    yield event("[DONE]")


def _deltas(asked: Asked, key: str, text: str, size: int, pace: float) -> Iterator[Part]:
    for start in range(0, len(text), size):
        if pace:
            yield Pause(pace)
        yield _chunk(asked, [_choice({key: text[start : start + size]})])


def _choice(
    delta: Mapping[str, Any], finish_reason: str | None = None, index: int = 0
) -> dict[str, Any]:
    return {"index": index, "delta": dict(delta), "finish_reason": finish_reason}


def _chunk(asked: Asked, choices: list[dict[str, Any]], usage: Usage | None = None) -> bytes:
    payload = _envelope(asked, "chat.completion.chunk", choices)
    if asked.include_usage:
        payload["usage"] = None if usage is None else _usage(usage)
    return event(as_json(payload).decode())


def _completion(asked: Asked, choices: list[dict[str, Any]], usage: Usage) -> dict[str, Any]:
    return {**_envelope(asked, "chat.completion", choices), "usage": _usage(usage)}


def _envelope(asked: Asked, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": asked.id,
        "object": kind,
        "created": CREATED,
        "model": asked.model,
        "choices": choices,
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {"cached_tokens": usage.cached},
    }
