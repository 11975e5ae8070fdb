"""A fence around the whole answer, path line included, says nothing and hides where files begin."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from gitagent.edits import fences, languages, naming
from gitagent.edits.whole import repeated

BOXES = ("markdown", "md", "mdx", "text", "txt", "plaintext")


def unwrapped(lines: Sequence[str], known: Collection[str]) -> list[str]:
    """The lines without fences that only open around a path and the fence below it.

    Weak models write such an outer fence when the format is shown to them inside one, and often
    close only one of the two.
    """
    lines = _unboxed(lines, known)
    outer = {n for n in range(len(lines)) if _opens_around(lines, n, known)}
    kept = [line for n, line in enumerate(lines) if n not in outer]
    ends = [n for n, line in enumerate(kept) if line.strip()][-2:]
    if outer and len(ends) == 2 and all(_is_bare(kept[n]) for n in ends):
        del kept[ends[1] :]
    return kept


def _unboxed(lines: Sequence[str], known: Collection[str]) -> list[str]:
    """The lines without the first fence, where that is of text and holds the edits themselves."""
    start = next((n for n, line in enumerate(lines) if fences.opening(line)), None)
    if start is None or not _is_box(lines, start, known):
        return list(lines)
    box = fences.opening(lines[start])
    assert box is not None
    end = fences.closing(lines, start + 1, box)
    inner = [n for n in range(start + 1, len(lines)) if fences.opening(lines[n])]
    if len(box.mark) == len("```"):
        # those inside come in pairs, so that one that is left closes the box
        end = inner[-1] if len(inner) % 2 and fences.closes(box, lines[inner[-1]]) else None
    body = lines[start + 1 : len(lines) if end is None else end]
    texts = known if isinstance(known, Mapping) else {}
    if repeated(body, {path: texts[path] for path in texts if languages.is_markdown("", path)}):
        return list(lines)
    return [*lines[:start], *body, *(lines[end + 1 :] if end is not None else ())]


def _is_box(lines: Sequence[str], start: int, known: Collection[str]) -> bool:
    fence = fences.opening(lines[start])
    above = next((line for line in reversed(lines[:start]) if line.strip()), "")
    if fence is None or fence.info.lower() not in BOXES or naming.on_line(above, known):
        return False
    first = next((n for n in range(start + 1, len(lines)) if fences.opening(lines[n])), None)
    inner = None if first is None else fences.opening(lines[first])
    if first is None or inner is None or not inner.info:
        return False
    path = next((line for line in reversed(lines[start + 1 : first]) if line.strip()), "")
    named = naming.on_line(path, known) or naming.in_info(inner.info, known)
    return bool(named) or inner.language.lower() in languages.DIFFS


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
