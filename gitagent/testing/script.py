"""What a scripted model says: the items of a script, and how each is played.

A script is a list of items, taken in order, or any function from the request to an item.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gitagent.domain.call import Usage
from gitagent.errors import UsageError
from gitagent.testing import protocol
from gitagent.testing.protocol import Asked, Part, Wire


@dataclass(frozen=True)
class Say:
    """Answer with a text.

    `usage` is counted roughly when None; `delay` are the seconds before the first byte, `pace`
    those between two deltas of `chunk_size` characters; `model` is the name that the answer gives,
    the requested one when None.
    """

    text: str
    finish_reason: str = "stop"
    usage: Usage | None = None
    delay: float = 0.0
    chunk_size: int = 16
    pace: float = 0.0
    model: str | None = None


@dataclass(frozen=True)
class Choices:
    """Answer with several texts, as far as the request asks for so many (`n`); `pace` as of Say."""

    texts: tuple[str, ...]
    chunk_size: int = 16
    pace: float = 0.0


@dataclass(frozen=True)
class Refuse:
    """Answer with the protocol's own refusal in place of a content."""

    text: str


@dataclass(frozen=True)
class Status:
    """Answer with an HTTP status; a body is sent as JSON, None means the API's error body."""

    code: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Html:
    """Answer 200 with a web page, as a captive portal or a misconfigured proxy does."""

    text: str = "<!doctype html><title>Sign in</title>"


@dataclass(frozen=True)
class Cut:
    """Close the connection behind `text_before`, with no finish_reason; `reset` closes it hard."""

    text_before: str
    reset: bool = False


@dataclass(frozen=True)
class Hang:
    """Say nothing for so many seconds, then close the connection without an answer."""

    seconds: float


@dataclass(frozen=True)
class Empty:
    """Answer with no choices."""


@dataclass(frozen=True)
class Raw:
    """Answer 200 with these bytes, whatever they are."""

    data: bytes
    content_type: str = "application/json"


Item = Say | Choices | Refuse | Status | Html | Cut | Hang | Empty | Raw
Answer = Callable[[dict[str, Any]], Item]


def overflow(limit: int = 8192) -> Status:
    """The answer to a prompt that is longer than the model's window of `limit` tokens."""
    message = f"This model's maximum context length is {limit} tokens. Please shorten the messages."
    kind = {"type": "invalid_request_error", "param": "messages"}
    return Status(400, {"error": {"message": message, **kind, "code": "context_length_exceeded"}})


class Script:
    """Items that are handed out once each, in order, to any number of threads.

    An exhausted script answers 500 and says so: a test sees a call that it did not expect.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = deque(items)
        self._length = len(self._items)
        self._lock = threading.Lock()

    def __call__(self, request: dict[str, Any]) -> Item:
        with self._lock:
            if self._items:
                return self._items.popleft()
        message = f"The script is exhausted: all {self._length} items were served."
        body = {"error": {"message": message, "type": "script_exhausted"}}
        return Status(500, body, {"x-should-retry": "false"})

    def put_back(self, item: Item) -> None:
        """Hand an item out again, next: nobody has got it whole."""
        with self._lock:
            self._items.appendleft(item)

    @property
    def left(self) -> int:
        """How many items nobody has asked for yet."""
        return len(self._items)


def play(item: Item, asked: Asked) -> Wire:
    """The parts that go through the socket for an item."""
    match item:
        case Say():
            return _say(item, asked)
        case Choices(texts, chunk_size, pace):
            wanted = texts[: asked.n]
            return protocol.several(asked, wanted, chunk_size=chunk_size, pace=pace)
        case Refuse(text):
            return protocol.chat(asked, None, refusal=text)
        case Status(code, None, headers):
            return protocol.error(code, headers=headers)
        case Status(code, body, headers):
            return protocol.document(body, status=code, headers=headers)
        case Html(text):
            return protocol.content(text.encode(), "text/html; charset=utf-8")
        case Cut(text, reset):
            return protocol.cut(asked, text, reset=reset)
        case Hang(seconds):
            return [protocol.Pause(seconds)]
        case Empty():
            return protocol.empty(asked)
        case Raw(data, content_type):
            return protocol.content(data, content_type)


def _say(item: Say, asked: Asked) -> Iterator[Part]:
    if item.delay:
        yield protocol.Pause(item.delay)
    yield from protocol.chat(
        replace(asked, model=item.model or asked.model),
        item.text,
        finish_reason=item.finish_reason,
        usage=item.usage,
        chunk_size=item.chunk_size,
        pace=item.pace,
    )


def read(text: str) -> tuple[Item, ...]:
    """A script out of its JSON form: a list of strings (said as they are) and objects.

    An object names its item by one key, {"say": "…"}, {"refuse": "…"}, {"status": 429},
    {"html": "…"}, {"cut": "…"}, {"hang": 5}, {"empty": true} or {"raw": "…"}, beside the item's
    further fields. Raises UsageError for anything else.
    """
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise UsageError(f"The script is not JSON: {error}") from error
    if not isinstance(entries, list):
        raise UsageError("A script is a JSON list of items.")
    return tuple(_item(entry) for entry in entries)


def _item(entry: object) -> Item:
    if isinstance(entry, str):
        return Say(entry)
    kinds = [k for k in entry if k in _KINDS] if isinstance(entry, dict) else []
    if len(kinds) != 1:
        raise UsageError(f"An item is a text or an object with one of {', '.join(_KINDS)}: {entry}")
    assert isinstance(entry, dict)
    fields = {k: v for k, v in entry.items() if k != kinds[0]}
    try:
        return _KINDS[kinds[0]](entry[kinds[0]], **fields)
    except TypeError as error:
        raise UsageError(f"The item {entry} cannot be read: {error}") from error


def _said(text: str, usage: Mapping[str, int] | None = None, **fields: Any) -> Say:
    return Say(text, usage=None if usage is None else Usage(**usage), **fields)


_KINDS: dict[str, Callable[..., Item]] = {
    "say": _said,
    "choices": lambda texts, **fields: Choices(tuple(texts), **fields),
    "refuse": Refuse,
    "status": Status,
    "html": Html,
    "cut": Cut,
    "hang": Hang,
    "empty": lambda _true: Empty(),
    "raw": lambda text, **fields: Raw(text.encode(), **fields),
}
