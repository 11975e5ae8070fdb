"""A map of what is not shown: paths with the names of their main definitions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from gitagent.domain.code import Definition
from gitagent.domain.context import is_test

MOST_NAMES = 8
LEFT_OUT = ("section", "field", "constant")
HOLDERS = ("module", "class", "struct", "trait", "interface", "enum")

Outline = Callable[[str], Sequence[Definition]]


def chart(
    listed: Sequence[str],
    ranked: Sequence[str],
    shown: Collection[str],
    outline: Outline,
    characters: int,
) -> tuple[str, ...]:
    """The listed paths, those that are not shown as `path: name, name`, the best ranked first to be
    told more of, until so many characters are used for names. Of a test its path says enough."""
    told: dict[str, str] = {}
    left = characters
    untold = (path for path in ranked if path not in shown and not is_test(path))
    for path in (path for path in untold if path in listed):
        names = ", ".join(main_names(outline(path)))
        if names and len(names) + 2 <= left:
            told[path] = f"{path}: {names}"
            left -= len(names) + 2
    return tuple(told.get(path, path) for path in listed)


def main_names(definitions: Sequence[Definition]) -> list[str]:
    """The longest definitions at the top, in the order of their lines; where that is one which
    holds others, as a module does, it and the longest that it holds."""
    known = [d for d in definitions if d.kind not in LEFT_OUT and d.name.isprintable()]
    top = [d for d in known if not any(_holds(other, d) for other in known)]
    if len(top) == 1 and top[0].kind in HOLDERS:
        inner = [d for d in known if _holds(top[0], d)]
        top += [d for d in inner if not any(_holds(o, d) for o in inner)]
    longest = sorted(top, key=lambda d: d.span.start - d.span.end)[:MOST_NAMES]
    return list(dict.fromkeys(d.name for d in sorted(longest, key=lambda d: d.span.start)))


def _holds(outer: Definition, inner: Definition) -> bool:
    around = outer.span.start <= inner.span.start and inner.span.end <= outer.span.end
    return around and outer.span != inner.span
