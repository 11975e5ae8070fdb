"""Fenced blocks, as CommonMark has them and as models bend them.

A fence is closed by the same character, at least as long, with nothing after it and no deeper
indented than it was opened; so a fence in an indented docstring or in a diff's context line does
not end the block around it. Markdown files hold fences of their own, at the margin; where such a
nesting can be read in two ways it is not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_FENCE = re.compile(r"(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^\n]*?)[ \t]*\Z")
_LONGEST = 1000


@dataclass(frozen=True)
class Fence:
    """An opening fence: its run of characters, its indentation and what stands behind it."""

    mark: str
    indent: str
    info: str

    @property
    def language(self) -> str:
        """The first word of the info string, without the path that may be glued to it."""
        words = self.info.strip("{}").split()
        return re.split(r"[:=,]", words[0], maxsplit=1)[0].lstrip(".") if words else ""


class Ambiguous(Exception):
    """The fences of a Markdown file can be read in two ways."""


def opening(line: str) -> Fence | None:
    """The fence that `line` opens, if it does; a line of inline code is none."""
    if len(line) > _LONGEST:
        return None
    found = _FENCE.match(line)
    if found is None or (found["mark"][0] == "`" and "`" in found["info"]):
        return None
    return Fence(found["mark"], found["indent"], found["info"])


def closes(fence: Fence, line: str) -> bool:
    """Whether `line` closes `fence`."""
    other = opening(line)
    return (
        other is not None
        and not other.info
        and other.mark.startswith(fence.mark)
        and len(other.indent) <= len(fence.indent)
    )


def closing(lines: Sequence[str], start: int, fence: Fence) -> int | None:
    """The index of the line that closes `fence`, whose body starts at `start`; None if none."""
    return next((at for at in range(start, len(lines)) if closes(fence, lines[at])), None)


def closing_of_markdown(
    lines: Sequence[str], start: int, fence: Fence, named: Callable[[int], bool]
) -> int | None:
    """As `closing`, for a file with fences of its own, which are paired first.

    `named` says whether a path stands above the fence at an index, which makes it a next file's.
    Raises Ambiguous where the fences pair in two ways.
    """
    rivals = [at for at in range(start, len(lines)) if _rivals(fence, lines[at])]
    inside = False
    for n, at in enumerate(rivals):
        if not closes(fence, lines[at]):
            inside = True
        elif inside:
            inside = False
        elif _opens_a_block(lines, rivals[n + 1 :], fence, named):
            inside = True
        else:
            return at
    return None


def body(lines: Sequence[str], fence: Fence) -> list[str]:
    """The lines of a block without the indentation that its fence has."""
    if not fence.indent:
        return list(lines)
    return [line.removeprefix(fence.indent) if line.strip() else line.lstrip() for line in lines]


def _rivals(fence: Fence, line: str) -> bool:
    other = opening(line)
    return (
        other is not None
        and other.mark.startswith(fence.mark)
        and len(other.indent) <= len(fence.indent)
    )


def _opens_a_block(
    lines: Sequence[str], rest: Sequence[int], fence: Fence, named: Callable[[int], bool]
) -> bool:
    """Whether a bare fence that could close the file opens a block in it; `rest` are those after.

    It closes the file where what follows has a language or a path. Two more bare fences and then
    nothing are the end of the inner block and of the file; else nobody can say.
    """
    if len(rest) < 2 or not closes(fence, lines[rest[0]]) or named(rest[0]):
        return False
    if len(rest) == 2 and not any(line.strip() for line in lines[rest[1] + 1 :]):
        return True
    raise Ambiguous
