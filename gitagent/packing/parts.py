"""Cuts a file into what is shown or left out as one, in any language, by what it defines.

A definition is one part where it is short. A long one is cut along those that it holds, or else at
blank lines, and each part knows the lines that say what it is in: half of a function without its
first line is a riddle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gitagent.domain.code import Definition
from gitagent.domain.context import Span

LONGEST = 50
"""Lines of a definition that is shown as one."""
BLOCK, LEAST_BLOCK = 24, 8
"""Most lines of a part that no definition bounds, and the fewest before it is cut."""
LONGEST_SIGNATURE = 12
INNER = ("field", "constant")
"""Part of what they stand in, whatever that is."""


@dataclass(frozen=True)
class Part:
    """Some lines, the names that they define, and the first lines of what they stand in.

    `within` are the names of the definitions around, the innermost last.
    """

    span: Span
    names: tuple[str, ...] = ()
    within: tuple[str, ...] = ()
    around: tuple[Span, ...] = ()


def parts(lines: Sequence[str], definitions: Sequence[Definition]) -> list[Part]:
    """All lines of a file, each in one part; `definitions` as of `ports.Index.outline`."""
    known = [d for d in definitions if d.kind not in INNER and 1 <= d.span.start <= len(lines)]
    known.sort(key=lambda d: (d.span.start, -d.span.end))
    return _with_blanks(lines, _cut(lines, Span(1, len(lines)), known, Part(Span(1, 1))))


def _with_blanks(lines: Sequence[str], cut: Sequence[Part]) -> list[Part]:
    """What is but blank lines and closing brackets goes with the part before; by itself it would be
    shown for being so cheap."""
    found: list[Part] = []
    for part in cut:
        text = "".join(lines[part.span.start - 1 : part.span.end])
        if found and not any(map(str.isalnum, text)):
            found[-1] = replace(found[-1], span=Span(found[-1].span.start, part.span.end))
        else:
            found.append(part)
    return found


def _cut(lines: Sequence[str], span: Span, known: Sequence[Definition], outer: Part) -> list[Part]:
    """The lines of `span`, which stand in `outer`, given the definitions among them."""
    found: list[Part] = []
    at = span.start
    for own, inner in _outermost(known, span):
        start = _with_what_leads(lines, own.span.start, at)
        found += _blocks(lines, Span(at, start - 1), outer)
        whole = Span(start, min(own.span.end, span.end))
        if whole.end - whole.start < LONGEST:
            names = (own.name, *(each.name for each in inner))
            found.append(Part(whole, names, outer.within, outer.around))
        else:
            found += _long(lines, whole, own, inner, outer)
        at = whole.end + 1
    return found + _blocks(lines, Span(at, span.end), outer)


def _long(
    lines: Sequence[str], span: Span, own: Definition, inner: Sequence[Definition], outer: Part
) -> list[Part]:
    first = Span(own.span.start, _signature_end(lines, own.span.start, span.end))
    inside = Part(span, (), (*outer.within, own.name), (*outer.around, first))
    cut = _cut(lines, span, inner, inside)
    # what has the first line itself is also what defines the name
    return [
        Part(p.span, (own.name, *p.names), outer.within, outer.around)
        if p.span.start <= first.start <= p.span.end
        else p
        for p in cut
    ]


def _outermost(
    known: Sequence[Definition], span: Span
) -> list[tuple[Definition, list[Definition]]]:
    """The definitions that no other holds, each with those that it holds; what overlaps is left
    out."""
    found: list[tuple[Definition, list[Definition]]] = []
    for each in known:
        if not span.start <= each.span.start <= each.span.end <= span.end:
            continue
        if found and each.span.start <= found[-1][0].span.end:
            if each.span.end <= found[-1][0].span.end and each.span != found[-1][0].span:
                found[-1][1].append(each)
        else:
            found.append((each, []))
    return found


def _with_what_leads(lines: Sequence[str], start: int, lowest: int) -> int:
    """Comments, decorators and attributes stand right above what they belong to."""
    while start > lowest and lines[start - 2].strip():
        start -= 1
    return start


def _signature_end(lines: Sequence[str], start: int, end: int) -> int:
    """The line in which the brackets are closed that the first line opens."""
    opened = 0
    for n in range(start, min(end, start + LONGEST_SIGNATURE - 1) + 1):
        line = lines[n - 1]
        opened += line.count("(") + line.count("[") - line.count(")") - line.count("]")
        if opened <= 0:
            return n
    return start


def _blocks(lines: Sequence[str], span: Span, outer: Part) -> list[Part]:
    """Lines without a definition of their own, cut at blank lines where they are many."""
    found: list[Part] = []
    at = span.start
    while span.end - at >= BLOCK:
        end = _blank(lines, at + LEAST_BLOCK, at + BLOCK - 1)
        found.append(Part(Span(at, end), (), outer.within, outer.around))
        at = end + 1
    if at <= span.end:
        found.append(Part(Span(at, span.end), (), outer.within, outer.around))
    return found


def _blank(lines: Sequence[str], lowest: int, highest: int) -> int:
    """The last blank line there, or `highest` where there is none."""
    blank = (n for n in range(highest, lowest - 1, -1) if not lines[n - 1].strip())
    return next(blank, highest)
