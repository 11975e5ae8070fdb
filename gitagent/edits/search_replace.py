"""SEARCH/REPLACE blocks.

Models miscount the brackets of the markers, so five to nine will do; but where the count matches
exactly, other counts are content. That lets a file that holds such markers itself be edited, by
markers of another length.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gitagent.domain.edit import Replace
from gitagent.edits.fences import closes, opening
from gitagent.edits.found import Found
from gitagent.edits.languages import is_markdown
from gitagent.edits.matching import Haystack

TELLING = 24
"""Characters of a search that can stand in one place by chance only."""

_HEAD = re.compile(
    r"(?P<indent>[ \t]*)(?P<mark><{5,9})[ \t]*(?:SEARCH|ORIGINAL)\b:?[ \t]*(.*)\Z", re.IGNORECASE
)
_DIVIDER = re.compile(r"[ \t]*(={5,9})[ \t]*\Z")
_FINAL = re.compile(
    r"[ \t]*(>{5,9})[ \t]*(?:REPLACE|UPDATED)\b[ \t]*(?P<glued>`{3,}|~{3,})?[ \t]*\Z", re.IGNORECASE
)


@dataclass(frozen=True)
class Head:
    """A SEARCH marker: how many brackets, how deep, and what stands behind it."""

    size: int
    indent: str
    rest: str


def head(line: str) -> Head | None:
    """The SEARCH marker on `line`, if there is one."""
    found = _HEAD.match(line) if "<<<<<" in line[:100] else None
    return Head(len(found["mark"]), found["indent"], found[3].strip()) if found else None


def closes_fence(line: str) -> bool:
    """Whether the final marker on `line` has the fence around its block glued to it."""
    found = _FINAL.match(line[:200])
    return found is not None and found["glued"] is not None


def is_final(line: str) -> bool:
    """Whether `line` ends a block."""
    return ">>>>>" in line[:100] and _FINAL.match(line) is not None


def torn(text: str) -> bool:
    """Whether a text has the marks of a block, or of a conflict, as no file has them."""
    lines = text.split("\n")
    return any(map(is_final, lines)) or _has_conflict(lines)


def read(lines: Sequence[str], at: int, path: str | None) -> Found:
    """The block whose SEARCH marker stands at `at`, as an edit of `path`."""
    opened = head(lines[at])
    assert opened is not None
    where = f"the SEARCH block at line {at + 1} of the reply"
    end = _final(lines, at, opened.size)
    if end is None:
        return Found(_abandoned(lines, at), (), (f"{where} has no final '>>>>>>> REPLACE' line",))
    block = [line.removeprefix(opened.indent) for line in lines[at + 1 : end]]
    dividers = _dividers(block, opened.size)
    if len(dividers) != 1:
        return Found(end + 1, (), (_divided_wrongly(where, len(dividers)),))
    if path is None:
        return Found(end + 1, (), (f"{where} names no file: write its path on a line above",))
    search, replace = block[: dividers[0]], block[dividers[0] + 1 :]
    if not is_markdown("", path) and _fenced(search) and (_fenced(replace) or not replace):
        search, replace = search[1:-1], replace[1:-1]
    return Found(end + 1, (Replace(path, joined(search), joined(replace)),))


def home(lines: Sequence[str], at: int, known: Collection[str]) -> str | None:
    """The one known file in which the lines that a block searches for stand, at one place only.

    A few short ones could stand anywhere.
    """
    opened = head(lines[at])
    end = _final(lines, at, opened.size) if opened and isinstance(known, Mapping) else None
    if opened is None or end is None or not isinstance(known, Mapping):
        return None
    block = [line.removeprefix(opened.indent) for line in lines[at + 1 : end]]
    dividers = _dividers(block, opened.size)
    search = block[: dividers[0]] if len(dividers) == 1 else []
    if sum(len(line.strip()) for line in search) < TELLING:
        return None
    places = [p for p, text in known.items() for _ in Haystack(text.split("\n")).find(search)]
    return places[0] if len(places) == 1 else None


def joined(lines: Sequence[str]) -> str:
    """Lines as text, each ended by LF."""
    return "".join(line + "\n" for line in lines)


def _has_conflict(lines: Sequence[str]) -> bool:
    """Whether the three marks of a merge conflict stand there in their order."""
    marks = ["<<<<<<< ", "=======", ">>>>>>> "]
    for line in lines:
        if marks and (line.startswith(marks[0]) if marks[0] != "=======" else line == marks[0]):
            del marks[0]
    return not marks


def _final(lines: Sequence[str], at: int, size: int) -> int | None:
    return _final_of(lines, at, (size,)) or _final_of(lines, at, range(5, 10))


def _final_of(lines: Sequence[str], at: int, sizes: Sequence[int]) -> int | None:
    """The next final marker of one of `sizes` that comes before another block's head."""
    for n in range(at + 1, len(lines)):
        other = head(lines[n])
        if other is not None and other.size in sizes:
            return None
        found = _FINAL.match(lines[n]) if ">>>>>" in lines[n][:100] else None
        if found is not None and len(found[1]) in sizes:
            return n
    return None


def _dividers(block: Sequence[str], size: int) -> list[int]:
    every = [(n, m) for n, line in enumerate(block) if (m := _DIVIDER.match(line[:100]))]
    exact = [n for n, found in every if len(found[1]) == size]
    return exact or [n for n, _ in every]


def _divided_wrongly(where: str, count: int) -> str:
    if count == 0:
        return f"{where} has no '=======' line between the two parts"
    return (
        f"{where} has {count} '=======' lines, so its two parts cannot be told apart: "
        "write markers of another length (9 characters each)"
    )


def _fenced(lines: Sequence[str]) -> bool:
    """Whether a part of a block has a fence of its own around it."""
    fence = opening(lines[0]) if len(lines) > 1 else None
    return fence is not None and closes(fence, lines[-1])


def _abandoned(lines: Sequence[str], at: int) -> int:
    """Where to read on after a block without an end: at the next block, else nowhere."""
    return next((n for n in range(at + 1, len(lines)) if head(lines[n])), len(lines))
