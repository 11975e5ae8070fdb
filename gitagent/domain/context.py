"""What the repository has to say about a task."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Span:
    """Lines `start` to `end` of a file, 1-based and inclusive."""

    start: int
    end: int


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """In the order of their lines, those that touch as one."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, s.end)):
        if found and span.start <= found[-1].end + 1:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return tuple(found)


@dataclass(frozen=True)
class Hit:
    """One ranked file: `score` only orders, `why` names the prongs that found it, the one that says
    most first, and `ranks` gives its place, from 1, in each prong's own order, alike.
    """

    path: str
    score: float
    why: tuple[str, ...]
    spans: tuple[Span, ...] = ()
    ranks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Excerpt:
    """What the model is shown of one file.

    `whole` says that nothing is left out, `shortened` that long docstrings are. `text` is empty in
    a task's log: it is the repository's, and may hold what must not be copied.
    """

    path: str
    text: str
    whole: bool
    spans: tuple[Span, ...] = ()
    shortened: bool = False


@dataclass(frozen=True)
class Context:
    """What is known before the first model call.

    `hits` are all ranked files, best first; `excerpts` the part that fits the model's window;
    `listing` the paths of the tree, cut to what is worth its tokens; `folders` what was said of
    some of them, a line each, for who plans; `looked` what the planner asked to see beside that,
    and made use of.
    """

    hits: tuple[Hit, ...] = ()
    excerpts: tuple[Excerpt, ...] = ()
    listing: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    looked: tuple[Excerpt, ...] = ()

    def without_texts(self) -> Context:
        """What is worth keeping: where to look, and not what is there."""
        shown, looked = (
            tuple(replace(e, text="") for e in each) for each in (self.excerpts, self.looked)
        )
        return replace(self, excerpts=shown, looked=looked)

    def beside(self, further: Sequence[Excerpt]) -> Context:
        """The same with further excerpts, which go before what is there of the same file."""
        paths = {excerpt.path for excerpt in further}
        others = (excerpt for excerpt in self.excerpts if excerpt.path not in paths)
        return replace(self, excerpts=(*further, *others))

    def after(self, earlier: Context) -> Context:
        """The same, with what a prompt made of `earlier` begins with at its beginning again."""
        rank = {excerpt: n for n, excerpt in enumerate(earlier.excerpts)}
        same = sorted((e for e in self.excerpts if e in rank), key=lambda e: rank[e])
        return replace(self, excerpts=(*(e for e in self.excerpts if e not in rank), *same))

    def code_only(self) -> Context:
        """Only files that may change: no tests, where others are left, and no listing."""
        code = tuple(excerpt for excerpt in self.excerpts if not is_test(excerpt.path))
        return replace(self, excerpts=code or self.excerpts, listing=())


@dataclass(frozen=True)
class StepContext:
    """What a step was shown of a tree, `most` tokens at most where its first prompt was too long.

    It is kept, so that a run that goes on asks in the same words, whatever an index knows there.
    """

    step: int
    tree: str
    most: int | None
    context: Context


TEST_PATH = re.compile(r"(?:^|/)(?:tests?/|test_[^/]*$|[^/]*_test\.|[^/]*\.(?:test|spec)\.)")


def is_test(path: str) -> bool:
    """Whether a path looks like that of a test."""
    return TEST_PATH.search(path) is not None
