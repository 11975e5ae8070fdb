"""Which files a text means, beyond what its words are like: those that it names.

Found out by trying it on 345 real tasks: to be the only file that defines what a task names is
worth a place at the front where the name is written as code is, the file is one of the best
anyway, and those that are moved keep their order. A plain word, also one with a capital, does more
harm than good; but a weak model, which is shown one file or two, needs a decision.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from gitagent.domain.code import Definition
from gitagent.domain.context import Hit, is_test
from gitagent.edits import mentions

FIRST = 10
"""Hits among which the only one to define a name comes first."""
NOT_NAMED = ("section", "field", "constant")
"""Kinds of definitions whose names are words like any other."""

Outline = Callable[[str], Sequence[Definition]]


def named(files: Callable[[], Sequence[str]], text: str) -> list[str]:
    """The files that a text names by their path, or by the end of it where only one ends so.

    `files` is called where there is anything that looks like a path.
    """
    names = mentions.paths(text)
    known = dict.fromkeys(files()) if names else {}
    meant = (mentions.meant(name.rstrip("."), known) for name in names)
    return [path for path in meant if path]


def surely(outline: Outline, hits: Sequence[Hit], text: str) -> list[str]:
    """The files that alone define what a text names as code, of the best, best first."""
    sure = _alone(outline, hits, mentions.in_code(text), ()).values()
    return [hit.path for hit in hits[:FIRST] if hit.path in sure]


def guessed(outline: Outline, hits: Sequence[Hit], text: str) -> tuple[list[str], list[str]]:
    """The files that alone define what a text names, whatever their rank: surely, by a name of code
    or of a class, and perhaps, by another word."""
    telling, plain = mentions.in_code(text), mentions.plain(text)
    alone = _alone(outline, hits, telling, plain)
    sure = [path for name, path in alone.items() if name in telling or name[0].isupper()]
    return sure, [path for path in alone.values() if path not in sure]


def _alone(
    outline: Outline, hits: Sequence[Hit], telling: Collection[str], plain: Collection[str]
) -> dict[str, str]:
    """By name, the file that is the only one to define it."""
    homes: dict[str, list[str]] = {}
    for path in (hit.path for hit in hits if not is_test(hit.path) and (telling or plain)):
        for name in dict.fromkeys(_defined(outline(path), telling, plain)):
            homes.setdefault(name, []).append(path)
    return {name: paths[0] for name, paths in homes.items() if len(paths) == 1}


def _defined(
    definitions: Sequence[Definition], telling: Collection[str], plain: Collection[str]
) -> Iterator[str]:
    """Words may be meant as such, so they count on the top level only."""
    for each in definitions:
        at_top = not each.scope and each.name in plain
        if each.kind not in NOT_NAMED and (at_top or each.name in telling):
            yield each.name
