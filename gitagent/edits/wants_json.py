"""Asks as JSON: lists of lines, objects by key, and the many shapes of a tool call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gitagent.domain.context import Span
from gitagent.domain.want import Sort, Want

DEPTH = 4
NAMES: dict[str, Sort] = {
    "search": "search",
    "grep": "search",
    "read": "read",
    "read_file": "read",
    "open": "read",
    "symbols": "symbols",
    "definitions": "symbols",
    "outline": "symbols",
    "references": "references",
    "refs": "references",
    "usages": "references",
}
"""What models call the four, whatever they were told."""
LISTS = ("look", "asks", "tool_calls", "calls", "actions")
CALLED = ("name", "tool", "function", "action", "sort")
ARGUMENTS = ("arguments", "parameters", "args", "input")
WHAT = ("path", "file", "name", "query", "words", "what", "symbol", "text", "pattern")
START, END = ("start", "start_line", "from"), ("end", "end_line", "to")
RANGE = ("lines", "span", "range", "spans")

Line = Callable[[str], Iterable[Want]]
Argument = Callable[[Sort, str], Iterable[Want]]
Spans = Callable[[str], tuple[Span, ...]]


def read(
    value: Any, line: Line, argument: Argument, spans: Spans, depth: int = DEPTH
) -> Iterator[Want]:
    """The asks that a JSON value is made of; none where it is anything else.

    `line`, `argument` and `spans` read the texts in it, as `wants` does.
    """
    inner = _inner(value)
    if inner is not None:
        parts = [list(read(each, line, argument, spans, depth - 1)) for each in inner if depth]
        # a list of something else that has an ask in it somewhere is something else
        yield from (want for part in parts if all(parts) for want in part)
    elif isinstance(value, str):
        yield from line(value)
    elif isinstance(value, Mapping):
        yield from _object(value, argument, spans)


def of_call(name: str, arguments: Any, argument: Argument, spans: Spans) -> Iterator[Want]:
    """The asks of a tool call; `arguments` may be JSON as text, as the protocol has it."""
    sort = NAMES.get(name.strip().lower().removeprefix("functions."))
    if sort is None:
        return
    given = _decoded(arguments)
    for each in given if isinstance(given, list) else [given]:
        if isinstance(each, str):
            yield from argument(sort, each)
        elif isinstance(each, Mapping):
            yield from _given(sort, each, argument, spans)


def _inner(value: Any) -> list[Any] | None:
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping):
        return next((value[key] for key in LISTS if isinstance(value.get(key), list)), None)
    return None


def _object(value: Mapping[str, Any], argument: Argument, spans: Spans) -> Iterator[Want]:
    function = value.get("function")
    if isinstance(function, Mapping):
        value = function
    name = next((value[key] for key in CALLED if isinstance(value.get(key), str)), "")
    if name.lower() in NAMES:
        given = next((value[key] for key in ARGUMENTS if key in value), None)
        rest = {key: each for key, each in value.items() if value[key] is not name}
        yield from of_call(name, rest if given is None else given, argument, spans)
    elif value and all(key.lower() in NAMES for key in value):
        for key, given in value.items():
            yield from of_call(key, given, argument, spans)


def _given(
    sort: Sort, given: Mapping[str, Any], argument: Argument, spans: Spans
) -> Iterator[Want]:
    what = next((given[key] for key in WHAT if isinstance(given.get(key), str)), "")
    lines = _lines(given, spans) if sort == "read" else ()
    for want in argument(sort, what):
        yield Want(sort, want.what, want.spans or lines)


def _lines(given: Mapping[str, Any], spans: Spans) -> tuple[Span, ...]:
    start, end = (next((given[k] for k in keys if k in given), None) for keys in (START, END))
    for key in RANGE:
        if isinstance(given.get(key), str):
            return spans(given[key])
        if isinstance(given.get(key), list):
            start, end = [*given[key], None, None][:2]
    if not _is_number(start):
        return spans(f"1-{end}") if _is_number(end) else ()
    return spans(f"{start}-{end}" if _is_number(end) else f"{start}-")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and str(value).isdecimal()


def _decoded(arguments: Any) -> Any:
    if not isinstance(arguments, str) or not arguments.lstrip().startswith(("{", "[")):
        return arguments
    try:
        return json.loads(arguments, strict=False)
    except (ValueError, RecursionError):
        return None
