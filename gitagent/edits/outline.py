"""Which lines of a Python file a weak model needs to see where it cannot be shown all of it.

Half a function is worse than none: such a model writes it back as if it were all. So a file is cut
along its definitions. Shown are the functions that a text is about, complete, and of a class the
lines down to its first method.
"""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gitagent.domain.context import Span, merged
from gitagent.edits.source import DEFINITIONS, FUNCTIONS, Source, first_line, is_string

NAMED, OWNER, POINTED = 8.0, 3.0, 12.0
WORTH = 0.3
LONGEST_HEAD = 40

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


@dataclass(frozen=True)
class Part:
    """A function, a method or a statement, and the class that it stands in."""

    name: str
    span: Span
    owner: ast.ClassDef | None = None


def outline(source: Source, about: str, characters: int) -> tuple[Span, ...]:
    """The spans of a file that a text is about, in order, together within so many characters; where
    it is about none, its head: imports and values above the first definition.

    Empty where it has no definition. A line that the text points to
    (`path:12`) counts most, then a name, then words.
    """
    if not any(isinstance(node, DEFINITIONS) for node in source.body):
        return ()
    parts = list(_parts(source))
    scores = _scores(source, parts, about)
    best = max(scores, default=0.0)
    chosen: set[Span] = set()
    for score, part in sorted(zip(scores, parts, strict=True), key=lambda each: -each[0]):
        wanted = chosen | {part.span} | ({_head(part.owner)} if part.owner else set())
        if score > 0 and score >= WORTH * best and _size(source, wanted) <= characters:
            chosen = wanted
    opening = None if chosen else _opening(source)
    if opening and _size(source, {opening}) <= characters:
        chosen = {opening}
    return _merged(source, chosen)


def _parts(source: Source) -> Iterator[Part]:
    for node in source.body:
        if isinstance(node, FUNCTIONS):
            yield Part(node.name, _span(node))
        elif isinstance(node, ast.ClassDef):
            yield Part(node.name, _head(node))
            for member in node.body:
                if isinstance(member, DEFINITIONS):
                    yield Part(member.name, _span(member), node)


def _span(node: ast.stmt) -> Span:
    return Span(first_line(node), node.end_lineno or node.lineno)


def _head(node: ast.ClassDef) -> Span:
    """A class down to its first method, and not too far."""
    end = node.end_lineno or node.lineno
    last = next((first_line(m) - 1 for m in node.body if isinstance(m, DEFINITIONS)), end)
    return Span(first_line(node), min(max(last, node.lineno), node.lineno + LONGEST_HEAD))


def _opening(source: Source) -> Span | None:
    """What stands above the first definition: imports and values, without a long docstring."""
    first = next(first_line(node) for node in source.body if isinstance(node, DEFINITIONS))
    start = 1
    if is_string(source.body[0]) and (source.body[0].end_lineno or 1) > LONGEST_HEAD // 4:
        start = (source.body[0].end_lineno or 1) + 1
    end = min(first - 1, start + LONGEST_HEAD)
    return Span(start, end) if end >= start else None


def _scores(source: Source, parts: Sequence[Part], about: str) -> list[float]:
    """How much each part is what a text is about."""
    names = set(WORD.findall(about))
    pointed = _pointed(source.path, about)
    wanted = _words(about)
    texts = [_words("".join(source.lines[p.span.start - 1 : p.span.end])) for p in parts]
    seen = Counter(word for words in texts for word in words & wanted)
    return [
        sum(math.log1p(len(parts) / seen[word]) for word in words & wanted)
        / math.sqrt(4 + len(words))
        + NAMED * (part.name in names)
        + OWNER * bool(part.owner and part.owner.name in names)
        + POINTED * any(part.span.start <= n <= part.span.end for n in pointed)
        for part, words in zip(parts, texts, strict=True)
    ]


def _pointed(path: str, about: str) -> set[int]:
    """The lines of the file that a text names, as a traceback does."""
    places = re.finditer(rf"(?<![\w/]){re.escape(path)}(?:\", line |:)(\d+)", about)
    return {int(found[1]) for found in places}


def _words(text: str) -> set[str]:
    return {part.lower() for word in WORD.findall(text) for part in PARTS.findall(word) if part[2:]}


def _size(source: Source, spans: set[Span]) -> int:
    return sum(
        len(line)
        for span in _merged(source, spans)
        for line in source.lines[span.start - 1 : span.end]
    )


def _merged(source: Source, spans: set[Span]) -> tuple[Span, ...]:
    """In order, each with the blank lines below it; what then touches is one span."""
    return merged(Span(span.start, _with_blanks(source, span.end)) for span in spans)


def _with_blanks(source: Source, line: int) -> int:
    while line < len(source.lines) and not source.lines[line].strip():
        line += 1
    return line
