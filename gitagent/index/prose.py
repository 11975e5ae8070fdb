"""The sections of Markdown and reStructuredText: what definitions are to code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gitagent.index.facts import Symbol

LONGEST_TITLE = 200
_FENCE = re.compile(rb"^ {0,3}(```+|~~~+)")
_HASHES = re.compile(rb"^ {0,3}(#{1,6})[ \t]+(.*?)[ \t#]*$")
_UNDERLINE = re.compile(rb"^([=\-~^\"'`#*+:.<>_])\1{2,}[ \t\r]*$")

Heading = tuple[int, int, str]


def sections(text: bytes, language: str) -> tuple[Symbol, ...]:
    """Each section from its heading to the line before the next one of its rank or above."""
    from gitagent.index.facts import Symbol

    lines = text.splitlines()
    found = _hashed(lines) if language == "markdown" else _underlined(lines)
    symbols: list[Symbol] = []
    open_: list[tuple[int, str]] = []
    for n, (line, rank, title) in enumerate(found):
        later = (start - 1 for start, other, _ in found[n + 1 :] if other <= rank)
        while open_ and open_[-1][0] >= rank:
            open_.pop()
        scope = ".".join(above for _, above in open_)
        symbols.append(Symbol(title, "section", line, next(later, len(lines)), title, scope))
        open_.append((rank, title))
    return tuple(symbols)


def _hashed(lines: list[bytes]) -> list[Heading]:
    found: list[Heading] = []
    fence = b""
    for n, line in enumerate(lines, 1):
        if mark := _FENCE.match(line):
            if not fence:
                fence = mark[1]
            elif mark[1].startswith(fence):
                fence = b""
        elif not fence and (heading := _HASHES.match(line)):
            found.append((n, len(heading[1]), _title(heading[2])))
    return found


def _underlined(lines: list[bytes]) -> list[Heading]:
    """Titles in the order of ranks in which their marks first appear, as docutils has it."""
    found: list[Heading] = []
    ranks: list[bytes] = []
    for n in range(1, len(lines)):
        mark, title = _UNDERLINE.match(lines[n]), lines[n - 1]
        if not mark or not title.strip() or title[:1].isspace() or _UNDERLINE.match(title):
            continue
        if len(lines[n].rstrip()) < len(title.decode(errors="replace").rstrip()):
            continue
        if mark[1] not in ranks:
            ranks.append(mark[1])
        found.append((n, ranks.index(mark[1]), _title(title)))
    return found


def _title(text: bytes) -> str:
    return text.decode(errors="replace").strip()[:LONGEST_TITLE]
