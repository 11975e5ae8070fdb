"""From a text to the part of the repository that a model is shown.

What goes in is chosen by worth for its size (`packing`); a weak model is shown a file or two.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from gitagent.domain.call import CHARACTERS_PER_TOKEN
from gitagent.domain.context import Context, Excerpt, Hit
from gitagent.edits.hidden import why_hidden
from gitagent.packing.brief import brief
from gitagent.packing.candidate import Candidate
from gitagent.packing.chart import chart
from gitagent.packing.pack import pack
from gitagent.packing.shown import text_of
from gitagent.ports import Index, Repo
from gitagent.stages.ranking import MOST_HITS, Ranked, ranked

LISTED, LARGEST_WHOLE = 120, 1_000_000
MOST_OPENED = 40
"""Files that are looked into, best first."""
FALL, BY_SCORE = 1.4, 0.5
"""How a file's worth falls: powers of its rank, and of its score beside the best."""
LEAST_SCORE = 0.05
"""Of the best score, what a file is taken to have at least."""
MAP_SHARE = 0.04
"""Of the room, for the names of what files define that are not shown."""

NAMED_FILE = re.compile(r"[\w./-]+\.py\b")
IMPORTS = re.compile(r"^\s*from\s+([\w.]+)\s+import\s+(\([^)]*\)|.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Room:
    """How much may be shown, in characters: together, and of one file whole. `brief` says that a
    weak model reads it."""

    characters: int
    whole: int

    @property
    def brief(self) -> bool:
        return self.whole < LARGEST_WHOLE


def retrieve(
    repo: Repo,
    index: Index,
    tree: str,
    text: str,
    *,
    tokens: int,
    task: str = "",
    first: Sequence[str] = (),
    ignore: Sequence[str] = (),
    focus: float = 0.0,
    listed: int = LISTED,
    whole: int = LARGEST_WHOLE,
    most: int = MOST_HITS,
) -> Context:
    """Ranked files for a text, and excerpts of the best that fit into `tokens`.

    `first` are paths that go before all others; then come the files that `task` names, by a path
    or by what only one file defines, and these are shown whole where they fit at all. `ignore`
    patterns are never shown, nor is what looks like a secret. With a `focus` only the files that
    are named are excerpted or, where none is, those with at least `focus` times the best score.
    Of the other paths `listed` are named, and `most` files are ranked. A file of more than `whole`
    characters is cut; where that is less than usual, cuts are short.
    """

    found = ranked(
        repo, index, tree, text, task=task, first=first, ignore=ignore, focus=focus, most=most
    )
    near = _near(found.hits, found.sure, focus)
    room = Room(tokens * CHARACTERS_PER_TOKEN, whole)
    opened = _opened(repo, tree, near, found)
    excerpts = _packed(opened, text, room, found.sure)
    return Context(found.hits, excerpts, _charted(found, listed, excerpts, room))


def with_texts(repo: Repo, tree: str, context: Context, ignore: Sequence[str]) -> Context:
    """A context out of a log, with the texts that it shows of the files of `tree`.

    The log may come from elsewhere, or from before something was ignored: what is not to be shown
    now is left out.
    """
    shown = [excerpt for excerpt in context.excerpts if not why_hidden(excerpt.path, ignore)]
    files = ((excerpt, repo.file(tree, excerpt.path)) for excerpt in shown)
    excerpts = tuple(
        replace(excerpt, text=text_of(excerpt, file.data.decode(errors="replace")))
        for excerpt, file in files
        if file is not None
    )
    return replace(context, excerpts=excerpts)


def clues(repo: Repo, tree: str, output: str) -> str:
    """What the files that an output names import: modules as paths, names in backticks.

    A failing test says where it failed; what it imports is what it tests.
    """
    found: list[str] = []
    for path in dict.fromkeys(NAMED_FILE.findall(output)):
        file = repo.file(tree, path)
        for module, names in IMPORTS.findall(file.data.decode(errors="replace") if file else ""):
            found.append(module.strip(".").replace(".", "/") + ".py")
            found += [f"`{name}`" for name in re.findall(r"\w+", names)]
    return " ".join(dict.fromkeys(found))


def _near(order: Sequence[Hit], sure: Collection[str], focus: float) -> list[Hit]:
    """What is worth its place in the prompt; where a file is named, less is."""
    named = [hit for hit in order if "named" in hit.why]
    if focus and sure:
        return named
    least = ((1 + focus) / 2 if focus and named else focus) * (order[0].score if order else 0.0)
    return [hit for hit in order if hit.score >= least]


def _opened(
    repo: Repo, tree: str, near: Sequence[Hit], ranked: Ranked
) -> list[tuple[Hit, Candidate]]:
    """The best files that are text, each worth less than the one before."""
    found: list[tuple[Hit, Candidate]] = []
    best = max((hit.score for hit in near), default=0.0) or 1.0
    for hit in near[:MOST_OPENED]:
        file = repo.file(tree, hit.path)
        if file is not None and b"\0" not in file.data:
            by_rank = (len(found) + 1) ** -FALL * max(hit.score / best, LEAST_SCORE) ** BY_SCORE
            value = 1.0 if hit.path in ranked.sure else by_rank
            text, known = file.data.decode(errors="replace"), ranked.outline(hit.path)
            found.append((hit, Candidate(hit.path, value, text, known, hit.spans)))
    return found


def _packed(
    found: Sequence[tuple[Hit, Candidate]], text: str, room: Room, sure: Sequence[str]
) -> tuple[Excerpt, ...]:
    if room.brief:
        return brief(found, text, room.characters, largest=room.whole, meant=sure)
    spare = int(room.characters * MAP_SHARE)
    candidates = [candidate for _, candidate in found]
    return pack(candidates, text, room.characters, largest=room.whole, spare=spare, meant=sure)


def _charted(ranked: Ranked, most: int, excerpts: Sequence[Excerpt], room: Room) -> tuple[str, ...]:
    """All paths of a small repository, else the best ranked, with the names that there is room
    for."""
    best = [hit.path for hit in ranked.hits]
    files = ranked.files()
    listed = tuple(files) if len(files) <= most else tuple(sorted(best[:most]))
    if room.brief:
        return listed
    used = sum(len(excerpt.text) + len(excerpt.path) for excerpt in excerpts)
    shown = {excerpt.path for excerpt in excerpts}
    left = min(room.characters - used, int(2 * MAP_SHARE * room.characters))
    return chart(listed, best, shown, ranked.outline, left)
