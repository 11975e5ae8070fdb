"""A file as lines that can be put back together to the same bytes.

A model sees text with LF ends and, where bytes are no UTF-8, replacement characters. So every line
has two faces: `lines` hold what is written back (foreign bytes as surrogate escapes), `views` what
the model saw. Only lines that a model changed are ever built from its text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gitagent.edits.align import equal_blocks

_BOM = "\ufeff"


@dataclass(frozen=True)
class Text:
    """The lines of a file, without their ends, and the ends: LF, CRLF, or nothing at its end."""

    lines: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    bom: str = ""

    @cached_property
    def views(self) -> tuple[str, ...]:
        """The lines as a model sees them."""
        return tuple(_view(line) for line in self.lines) if self.foreign else self.lines

    @cached_property
    def foreign(self) -> bool:
        """Whether some bytes are no UTF-8."""
        return any(not line.isascii() and _view(line) != line for line in self.lines)

    @property
    def common_end(self) -> str:
        """The line end that most lines have."""
        counted = Counter(end for end in self.ends if end)
        return counted.most_common(1)[0][0] if counted else "\n"

    @property
    def data(self) -> bytes:
        body = "".join(line + end for line, end in zip(self.lines, self.ends, strict=True))
        return (self.bom + body).encode("utf-8", "surrogateescape")


def text_of(data: bytes) -> Text:
    """The lines of `data`; `text_of(data).data == data` for any bytes."""
    whole = data.decode("utf-8", "surrogateescape")
    bom = _BOM if whole.startswith(_BOM) else ""
    parts = whole[len(bom) :].split("\n")
    last = parts.pop()
    lines = [part.removesuffix("\r") for part in parts]
    ends = ["\r\n" if part.endswith("\r") else "\n" for part in parts]
    if last:
        lines.append(last)
        ends.append("")
    return Text(tuple(lines), tuple(ends), bom)


def split(text: str) -> list[str]:
    """The lines of a model's text; a final LF ends the last line, it starts no new one."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    return lines


def spliced(text: Text, start: int, stop: int, new: Sequence[str]) -> Text:
    """`text` with lines `start` to `stop` (0-based, half open) made into `new`.

    Lines that stay keep their bytes and their ends. A changed line has the end of the line that
    it takes the place of, an added one that of the line before it.
    """
    lines = list(text.lines[:start])
    ends = list(text.ends[:start])
    old = text.views[start:stop]
    was, now = 0, 0
    for i, j, size in [*equal_blocks(old, new), (len(old), len(new), 0)]:
        lines += new[now:j]
        ends += _ends(text, start + was, start + i, j - now)
        lines += text.lines[start + i : start + i + size]
        ends += text.ends[start + i : start + i + size]
        was, now = i + size, j + size
    whole = Text((*lines, *text.lines[stop:]), (*ends, *text.ends[stop:]), text.bom)
    return _closed(whole, text.common_end)


def with_last_end(text: Text, *, ended: bool) -> Text:
    """`text` with or without a line end after its last line."""
    if not text.lines or bool(text.ends[-1]) == ended:
        return text
    end = (text.ends[-2] if len(text.ends) > 1 else text.common_end) if ended else ""
    return replace(text, ends=(*text.ends[:-1], end))


def _view(line: str) -> str:
    return line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _ends(text: Text, start: int, stop: int, count: int) -> list[str]:
    """Line ends for `count` new lines that take the place of lines `start` to `stop`."""
    replaced = text.ends[start:stop]
    if not replaced:
        neighbours = text.ends[max(start - 1, 0) : start + 1]
        replaced = (neighbours[0],) if neighbours else (text.common_end,)
    return [replaced[min(n, len(replaced) - 1)] for n in range(count)]


def _closed(text: Text, common: str) -> Text:
    """`text` with an end after every line but perhaps the last."""
    if "" not in text.ends[:-1]:
        return text
    ends = list(text.ends)
    for n in range(len(ends) - 1):
        if not ends[n]:
            ends[n] = ends[n - 1] if n else common
    return replace(text, ends=tuple(ends))
