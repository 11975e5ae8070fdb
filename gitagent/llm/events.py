"""The JSON in a streamed body, judged by what comes and not by what the headers promise.

Some servers send one document where a stream was asked for, some name the wrong content type, and
a proxy sends a web page. The openai package drops the first silently and reads the last as a text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

LARGEST = 64 * 1024 * 1024
"""Bytes of a body that are read at most."""

_BOM = b"\xef\xbb\xbf"
_FIELDS = (b"data", b"event", b"id", b"retry", b"")


class Foreign(ValueError):
    """The body is neither a stream of events nor a JSON document."""


class Broken(ValueError):
    """The body is cut, or longer than anything that a model writes."""


def payloads(chunks: Iterable[bytes]) -> Iterator[Any]:
    """The payloads of a stream of events, up to `[DONE]`, or the one document that comes instead.

    Raises Foreign and Broken. A last event that lacks its end counts where it is whole.
    """
    lines = _lines(chunks)
    first = next((line for line in lines if line.strip()), b"").removeprefix(_BOM)
    if first.lstrip()[:1] in (b"{", b"["):
        yield _document(b"\n".join((first, *lines)))
    elif first and first.partition(b":")[0] not in _FIELDS:
        raise Foreign
    else:
        yield from _events(first, lines)


def _events(first: bytes, lines: Iterator[bytes]) -> Iterator[Any]:
    data = _data(first)
    for line in lines:
        if line:
            data += _data(line)
            continue
        if data and data[0].startswith(b"[DONE]"):
            return
        yield from _decoded(data)
        data = []
    if data and not data[0].startswith(b"[DONE]"):
        yield from _decoded(data)


def _data(line: bytes) -> list[bytes]:
    """What a line adds to its event; a comment adds nothing."""
    name, _, value = line.partition(b":")
    return [value.removeprefix(b" ")] if name == b"data" else []


def _decoded(data: list[bytes]) -> Iterator[Any]:
    """The payload of one event. Lines that are a payload each have lost the blank lines between."""
    if not data:
        return
    try:
        yield _json(b"\n".join(data))
    except ValueError as error:
        try:
            yield from [_json(line) for line in data if not line.startswith(b"[DONE]")]
        except ValueError:
            raise Broken from error


def _document(data: bytes) -> Any:
    try:
        return _json(data)
    except ValueError as error:
        # one document a line is another protocol; half a document is a cut
        raise (Foreign if "Extra data" in str(error) else Broken) from error


def _json(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8", "replace"), strict=False)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends; only LF and CRLF end one, whatever else Unicode may hold for it."""
    rest: list[bytes] = []
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > LARGEST:
            raise Broken
        *whole, last = chunk.split(b"\n")
        for line in whole:
            yield b"".join((*rest, line)).removesuffix(b"\r")
            rest = []
        rest.append(last)
    if any(rest):
        yield b"".join(rest).removesuffix(b"\r")
