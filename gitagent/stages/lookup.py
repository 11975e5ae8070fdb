"""From what a model asks to see to what of a tree it means; how that is told is decided elsewhere.

What it names is looked up among the files that may be shown, and nowhere else: a text in the
repository may have told it what to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from gitagent.domain.code import Definition, Mention
from gitagent.domain.context import Hit, Span, merged
from gitagent.domain.want import Want
from gitagent.packing.candidate import lines
from gitagent.stages.view import Unseen, View

MOST_HITS, MOST_SYMBOLS, MOST_MENTIONS = 24, 40, 40
AROUND = 20
"""Lines before and after, where a single one is asked for."""


@dataclass(frozen=True)
class Hits:
    """The files that some words are about, best first."""

    hits: Sequence[Hit]


@dataclass(frozen=True)
class Defined:
    """What is called so, or what the file at `path` defines."""

    definitions: Sequence[Definition]
    path: str = ""


@dataclass(frozen=True)
class Used:
    """Lines that use a name."""

    mentions: Sequence[Mention]


@dataclass(frozen=True)
class Folder:
    """What stands in a folder, folders with a slash."""

    names: Sequence[str]


@dataclass(frozen=True)
class Part:
    """A file, with its text, and the lines that are asked for, in order, where some are."""

    path: str
    text: str
    asked: Sequence[Span] = ()

    @cached_property
    def lines(self) -> list[str]:
        return lines(self.text)

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """The lines asked for that are there; a single one with those around it."""
        wider = [
            Span(max(1, span.start - AROUND), span.end + AROUND) if span.start == span.end else span
            for span in self.asked
        ]
        there = [Span(span.start, min(span.end, len(self.lines))) for span in wider]
        return merged(span for span in there if span.start <= span.end)

    @property
    def why_none(self) -> str:
        """Why there is no line to be shown, in a sentence; empty where there is one."""
        if not self.text:
            return f"{self.path} is empty."
        return f"{self.path} has {len(self.lines)} lines." if self.asked and not self.spans else ""


Lead = Hits | Defined | Used | Folder | Part


def look_up(view: View, want: Want) -> Lead:
    """What an ask leads to. Raises Unseen, with a sentence for the model, where that is nothing."""
    match want.sort:
        case "search":
            return _search(view, want.what)
        case "read":
            return _read(view, want)
        case "symbols":
            return _symbols(view, want.what)
        case "references":
            return _references(view, want.what)


def _search(view: View, words: str) -> Hits:
    hits = view.index.search(view.tree, words, MOST_HITS)
    if found := [hit for hit in hits if hit.path in view.files]:
        return Hits(found)
    raise Unseen("No file fits these words.")


def _read(view: View, want: Want) -> Folder | Part:
    inside = None if want.what in view.files else view.folder(want.what)
    if inside is not None:
        return Folder(inside)
    path = view.path(want.what)
    return Part(path, view.text(path), want.spans)


def _symbols(view: View, asked: str) -> Defined:
    path = _as_path(view, asked)
    if path is not None:
        if outline := view.outline(path):
            return Defined(outline, path)
        raise Unseen(f"Nothing is known of what {path} defines.")
    found = view.index.definitions(view.tree, asked, MOST_SYMBOLS)
    if found := [each for each in found if each.path in view.files]:
        return Defined(found)
    raise Unseen(f"Nothing is called {asked}; a search finds text.")


def _as_path(view: View, asked: str) -> str | None:
    """The file that is meant, where it is one; a name without slash or dot is none."""
    if "/" not in asked and "." not in asked and asked not in view.files:
        return None
    try:
        return view.path(asked)
    except Unseen:
        # `Class.method` has a dot, too
        if "/" in asked:
            raise
        return None


def _references(view: View, name: str) -> Used:
    found = view.index.references(view.tree, name, MOST_MENTIONS)
    if found := [each for each in found if each.path in view.files]:
        return Used(found)
    raise Unseen(f"Nothing is found that uses {name}; a search finds text.")
