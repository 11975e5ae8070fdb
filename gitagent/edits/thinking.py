"""Reasoning that some models write before or between their answer is no part of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_OPEN = re.compile(r"\s*<(think|thinking|reasoning)>")
_CLOSE = re.compile(r"</(?:think|thinking|reasoning)>")


def dropped(reply: str) -> str:
    """`reply` without reasoning whose opening tag the server swallowed.

    Some chat templates write the opening tag into the prompt, so only the closing one comes back.
    """
    close = re.search(r"^[ \t]*</(?:think|thinking|reasoning)>[ \t]*$", reply, re.MULTILINE)
    if close is None or re.search(r"<(?:think|thinking|reasoning)>", reply[: close.start()]):
        return reply
    return reply[close.end() :]


def end(lines: Sequence[str], at: int) -> int | None:
    """The index after the reasoning that starts at `at`, or None where none starts.

    Reasoning that is never closed goes on to the end of the reply.
    """
    if _OPEN.match(lines[at][:200]) is None:
        return None
    return next(
        (n + 1 for n in range(at, len(lines)) if _CLOSE.search(lines[n])),
        len(lines),
    )


def behind(line: str) -> str:
    """What of a line stands behind the end of the reasoning; all of it belongs to the answer."""
    parts = _CLOSE.split(line, maxsplit=1)
    return parts[1] if len(parts) > 1 else ""


def without(reply: str) -> str:
    """`reply` without any of its reasoning."""
    lines = dropped(reply).split("\n")
    kept: list[str] = []
    at = 0
    while at < len(lines):
        after = end(lines, at)
        kept.append(lines[at] if after is None else behind(lines[after - 1]))
        at = at + 1 if after is None else after
    return "\n".join(kept)
