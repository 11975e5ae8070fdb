"""A fence around the whole answer, path line included, says nothing and hides where files begin."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gitagent.edits import fences, naming


def unwrapped(lines: Sequence[str], known: Collection[str]) -> list[str]:
    """The lines without fences that only open around a path and the fence below it.

    Weak models write such an outer fence when the format is shown to them inside one, and often
    close only one of the two.
    """
    outer = {n for n in range(len(lines)) if _opens_around(lines, n, known)}
    kept = [line for n, line in enumerate(lines) if n not in outer]
    ends = [n for n, line in enumerate(kept) if line.strip()][-2:]
    if outer and len(ends) == 2 and all(_is_bare(kept[n]) for n in ends):
        del kept[ends[1] :]
    return kept


def _opens_around(lines: Sequence[str], n: int, known: Collection[str]) -> bool:
    if not _is_bare(lines[n]) or n + 2 >= len(lines):
        return False
    above = next((line for line in reversed(lines[:n]) if line.strip()), "")
    if naming.on_line(above, known) is not None:
        return False
    path, below = naming.on_line(lines[n + 1], known), fences.opening(lines[n + 2])
    return path is not None and below is not None and bool(below.info)


def _is_bare(line: str) -> bool:
    fence = fences.opening(line)
    return fence is not None and not fence.info
