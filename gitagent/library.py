"""The files of one tree as a model may read them: line by line, numbered, without secrets.

What is never shown is not in it at all, so whoever looks something up here can show what he finds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from gitagent.domain.ask import LeftOut, Place, Read
from gitagent.domain.context import Span, merged
from gitagent.edits.hidden import why_hidden
from gitagent.ports import Repo, TreeFile

LARGEST_READ = 4_000_000
LONGEST_LINE = 2000
_TOO_LONG = re.compile(rf"[^\n]{{{LONGEST_LINE + 1}}}")
KEPT = 64
"""Files whose lines are kept: the same few are asked for again and again."""
NO_FILES = (0o160000, 0o120000)
"""Modes of submodules and of symbolic links: what they lead to is not the tree's."""


class Library:
    """`hide` takes secrets out of a text and keeps its lines."""

    def __init__(
        self, repo: Repo, tree: str, ignore: Sequence[str], hide: Callable[[str], str]
    ) -> None:
        self.tree = tree
        self._repo = repo
        self._ignore = ignore
        self._hide = hide
        self._kept: dict[str, tuple[str, ...]] = {}
        self._counts: dict[str, int] = {}
        self._cut: set[str] = set()

    @cached_property
    def _judged(self) -> tuple[tuple[TreeFile, str], ...]:
        return tuple((file, self._why_not(file)) for file in self._repo.files(self.tree))

    @cached_property
    def files(self) -> Mapping[str, TreeFile]:
        """Those that may be shown, by path; binary ones are among them."""
        return {file.path: file for file, why_not in self._judged if not why_not}

    @cached_property
    def paths(self) -> tuple[str, ...]:
        return tuple(self.files)

    @property
    def size(self) -> int:
        """How many files the tree has, shown or not."""
        return len(self._judged)

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """What is not shown, by its path alone."""
        return tuple(LeftOut(file.path, why) for file, why in self._judged if why)

    def data(self, path: str) -> bytes:
        """A file as it is; empty where it is none that may be shown."""
        file = self.files.get(path)
        return b"" if file is None else self._repo.read(file.blob)

    def count(self, path: str) -> int:
        """How many lines a file has; 0 for a binary one."""
        if path not in self._counts:
            text = _text(self.data(path))
            self._counts[path] = text.count("\n") + (not text.endswith("\n") and bool(text))
            if _TOO_LONG.search(text):
                self._cut.add(path)
        return self._counts[path]

    def lines(self, path: str) -> tuple[str, ...]:
        """The lines of a file, without secrets and without what is too long to be read."""
        if path not in self._kept:
            while len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            found = self._hide(_text(self.data(path))).split("\n")[: self.count(path)]
            self._kept[path] = tuple(map(_shortened, found))
        return self._kept[path]

    def hide(self, text: str) -> str:
        return self._hide(text)

    def numbered(self, places: Iterable[Place]) -> str:
        """The lines of some places, each with its number, file by file."""
        return "\n\n".join(
            self._file(path, spans) for path, spans in by_file(places).items() if self.lines(path)
        )

    def read(self, places: Iterable[Place]) -> tuple[Read, ...]:
        """What is seen of each file by who is shown these places; one with a line that is cut is
        not seen whole."""
        return tuple(
            Read(path, spans, spans == (Span(1, self.count(path)),) and path not in self._cut)
            for path, spans in by_file(places).items()
        )

    def _file(self, path: str, spans: Sequence[Span]) -> str:
        lines = self.lines(path)
        whole = spans == (Span(1, len(lines)),)
        said = ", ".join(f"{span.start}-{min(span.end, len(lines))}" for span in spans)
        head = f"{path}" if whole else f"{path} (lines {said} of {len(lines)})"
        parts = (
            "\n".join(f"{n}| {lines[n - 1]}" for n in range(s.start, min(s.end, len(lines)) + 1))
            for s in spans
        )
        return f"{head}\n```\n" + "\n…\n".join(parts) + "\n```"

    def _why_not(self, file: TreeFile) -> str:
        if file.mode in NO_FILES:
            return "a link or a submodule"
        if reason := why_hidden(file.path, self._ignore):
            return reason
        return "too large" if file.size > LARGEST_READ else ""


def by_file(places: Iterable[Place]) -> dict[str, tuple[Span, ...]]:
    """The spans of each file, in the order of its lines, those that touch as one."""
    found: dict[str, list[Span]] = {}
    for place in places:
        found.setdefault(place.path, []).append(place.span)
    return {path: merged(spans) for path, spans in found.items()}


def _text(data: bytes) -> str:
    return "" if b"\0" in data else data.decode(errors="replace")


def _shortened(line: str) -> str:
    line = line.rstrip("\r")
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} … (cut)"
