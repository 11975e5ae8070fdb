"""Text of a model or a repository in Markdown, so that whoever shows it fetches and runs nothing.

Pictures and tags become words. Code is shown as it is, but only where no reader of Markdown could
take it for anything else: what looks like code to one may be a tag to another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitagent.cli.screen import printable

_FENCE = re.compile(r"(?P<marks>`{3,}(?=[^`]*$)|~{3,})")
_INNER_FENCE = re.compile(r"[\s>*+\-\d.)]+(?:```|~~~)")
_CODE = re.compile(r"(?<![`\\])(`[^`]+`)(?!`)")
_ENTITIES = {"<": "&lt;", "!": "&#33;"}
_ACTIVE = re.compile(r"<(?=[A-Za-z/!?])|!(?=\[)")


def inert(text: str) -> str:
    """Markdown of several lines. A fence that is left open is closed, so that what follows is no
    part of it."""
    parts = list(_parts(printable(text).split("\n")))
    outside = [line for line, fenced in parts if not fenced]
    if any(map(_INNER_FENCE.match, outside)):
        # where a fence in a list or a quotation ends depends on who reads it
        return "\n".join(_plain(line) for line, _ in parts)
    sure = all(map(_is_sure, outside))
    return "\n".join(line if fenced else _line(line, sure) for line, fenced in parts)


def inert_line(text: str) -> str:
    """What stands on a line of its own: a title, a path."""
    line = printable(" ".join(text.split("\n")))
    return _line(line, _is_sure(line))


def _parts(lines: list[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it is one of a fenced block, which begins at the line's own start."""
    end = ""
    for line in lines:
        if end:
            yield line, True
            end = "" if re.fullmatch(rf" {{0,3}}{end[0]}{{{len(end)},}}[ \t]*", line) else end
        else:
            found = _FENCE.match(line)
            end = found["marks"] if found else ""
            yield line, bool(found)
    if end:
        yield end, True


def _is_sure(line: str) -> bool:
    """Whether what is code on a line is so whatever stands on the lines around it."""
    return "`" not in _CODE.sub("", line)


def _line(line: str, sure: bool) -> str:
    # a table is cut into its cells before anything in it is code
    if not sure or any("|" in code for code in _CODE.findall(line)):
        return _plain(line)
    parts = _CODE.split(line)
    return "".join(part if n % 2 else _plain(part) for n, part in enumerate(parts))


def _plain(text: str) -> str:
    return _ACTIVE.sub(lambda found: _ENTITIES[found[0]], text)
