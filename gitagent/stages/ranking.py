"""Which files a text may mean, best first: what the index finds, behind what the text names.

The files of the tree are listed only where somebody asks for them: of a large one that takes as
long as the search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from gitagent.domain.context import Hit, is_test
from gitagent.edits.hidden import why_hidden
from gitagent.packing import meant

if TYPE_CHECKING:
    from gitagent.domain.code import Definition
    from gitagent.packing.meant import Outline
    from gitagent.ports import Index, Repo

    Files = Callable[[], Sequence[str]]

MOST_HITS = 60
LARGEST_READ = 4_000_000
FEW_FILES = 12


@dataclass(frozen=True)
class Ranked:
    """The files that may be meant, best first, those that are named, what a file defines, and all
    files that a model may see."""

    hits: tuple[Hit, ...]
    sure: Sequence[str]
    outline: Outline
    files: Files


def ranked(
    repo: Repo,
    index: Index,
    tree: str,
    text: str,
    *,
    task: str = "",
    first: Sequence[str] = (),
    ignore: Sequence[str] = (),
    focus: float = 0.0,
    most: int = MOST_HITS,
) -> Ranked:
    """What `retrieve` has before it opens a file; the arguments are the same."""

    @cache
    def outline(path: str) -> Sequence[Definition]:
        return index.outline(tree, path)

    @cache
    def files() -> Sequence[str]:
        readable = (f.path for f in repo.files(tree) if f.size <= LARGEST_READ)
        return [path for path in readable if not why_hidden(path, ignore)]

    found = index.search(tree, text, most)
    hits = [hit for hit in found if not why_hidden(hit.path, ignore)]
    sure = [path for path in first if path in set(files())] if first else []
    sure += meant.named(files, task)
    perhaps: Sequence[str] = ()
    if focus:
        guessed, perhaps = meant.guessed(outline, hits, task)
        sure += guessed
    else:
        sure += meant.surely(outline, hits, task)
    order = _meant_first(hits, list(dict.fromkeys([*sure, *perhaps])))
    rest = _rest(files(), order) if len(order) <= FEW_FILES else ()
    return Ranked((*order, *rest), sure, outline, files)


def _meant_first(hits: Sequence[Hit], meant: Sequence[str]) -> list[Hit]:
    best = max((hit.score for hit in hits), default=1.0)
    known = {hit.path: hit for hit in hits}
    ahead = [replace(known.get(path, Hit(path, best, ())), score=best) for path in meant]
    ahead = [replace(hit, why=("named", *hit.why)) for hit in ahead]
    return [*ahead, *(hit for hit in hits if hit.path not in set(meant))]


def _rest(files: Sequence[str], ranked: Sequence[Hit]) -> list[Hit]:
    """The files of a small repository that no word led to, code first: they may be meant."""
    if len(files) > FEW_FILES:
        return []
    found = {hit.path for hit in ranked}
    left = sorted((path for path in files if path not in found), key=lambda p: (is_test(p), p))
    return [Hit(path, 0.0, ("rest",)) for path in left]
