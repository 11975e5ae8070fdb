"""The tools that a model may call to see more, and what it asked for when it did.

A call becomes the line that a model without tools would have written, so that what follows knows
one protocol only, and any other model can go on with the dialogue.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from gitagent.edits import wants, wants_json

TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
TOOLS: Mapping[str, tuple[str, Mapping[str, Any], tuple[str, ...]]] = {
    "search": (
        "Find the files of the repository that some words are about.",
        {"query": TEXT},
        ("query",),
    ),
    "read": (
        "Read a file of the repository, or its lines from `start` to `end`.",
        {"path": TEXT, "start": NUMBER, "end": NUMBER},
        ("path",),
    ),
    "symbols": (
        "Where something of a name is defined, or what a file defines.",
        {"name": {**TEXT, "description": "a name, or the path of a file"}},
        ("name",),
    ),
    "references": (
        "The lines of the repository that use a name.",
        {"name": TEXT},
        ("name",),
    ),
}
"""What each does, its arguments, and those that must be there."""


def offered(names: Collection[str]) -> list[dict[str, Any]]:
    """The tools of these names as the chat protocol has them."""
    return [
        {
            "type": "function",
            "function": {
                "name": name,
                "description": said,
                "parameters": {
                    "type": "object",
                    "properties": dict(arguments),
                    "required": list(required),
                    "additionalProperties": False,
                },
            },
        }
        for name, (said, arguments, required) in TOOLS.items()
        if name in names
    ]


def as_lines(
    calls: Iterable[tuple[str, str]], names: Collection[str]
) -> tuple[list[str], list[str]]:
    """What calls, each a name and its arguments, ask of the tools that were offered: a line each;
    and the arguments of the calls that ask nothing of them."""
    lines: list[str] = []
    others: list[str] = []
    for name, arguments in calls:
        found = wants_json.of_call(name, arguments, wants.argument, wants.spans_of)
        asked = [str(want) for want in found if want.sort in names]
        lines += asked
        others += [] if asked else [arguments]
    return lines, others
