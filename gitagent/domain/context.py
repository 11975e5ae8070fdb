"""What the repository has to say about a task."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """Lines `start` to `end` of a file, 1-based and inclusive."""

    start: int
    end: int


@dataclass(frozen=True)
class Hit:
    """One ranked file: `score` only orders, `why` names the prongs that found it."""

    path: str
    score: float
    why: tuple[str, ...]
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Excerpt:
    """What the model is shown of one file; `whole` says that nothing is left out."""

    path: str
    text: str
    whole: bool
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Context:
    """What is known before the first model call.

    `hits` are all ranked files, best first; `excerpts` the part that fits the model's window;
    `listing` the paths of the tree, cut to what is worth its tokens.
    """

    hits: tuple[Hit, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()
    listing: tuple[str, ...] = ()
