"""How much each part of a file is what a text is about."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence

from gitagent.domain.context import Span
from gitagent.edits import mentions
from gitagent.packing.candidate import Candidate
from gitagent.packing.words import places, words

K1, B = 1.5, 0.5
NAMED, NAMED_PLAIN, WITHIN, POINTED, FOUND, OPENING = 1.0, 0.3, 0.2, 3.0, 0.3, 0.1
"""Beside the best of the words: the part's own name is in the text, written as code is or not; so
is that of what it stands in; a line of it is; an index found it; it opens the file."""
SHARPNESS = 1.5
"""Power of a score: above 1, the best parts have more of the file's worth than their share."""
LEAST = 0.02
"""Of the best part's worth, what a part has of which the text says nothing."""


def worths(candidates: Sequence[Candidate], about: str) -> list[list[float]]:
    """For each candidate the shares of its parts in what is looked for in it; they add up to 1."""
    asked = words(about)
    counted = [_counts(candidate, asked) for candidate in candidates]
    rarity = _rarity(asked, [part for file in counted for part in file])
    sizes = [c.size(p.span) for c in candidates for p in c.parts]
    mean = sum(sizes) / max(len(sizes), 1) or 1.0
    telling, plain = mentions.in_code(about), mentions.plain(about)
    found = []
    for candidate, counts in zip(candidates, counted, strict=True):
        said = [
            _said(count, rarity, candidate.size(part.span) / mean)
            for part, count in zip(candidate.parts, counts, strict=True)
        ]
        most = max(said, default=0.0) or 1.0
        pointed = _pointed(candidate.path, about)
        scores = [
            each / most
            + NAMED * (not telling.isdisjoint(part.names))
            + NAMED_PLAIN * (not plain.isdisjoint(part.names))
            + WITHIN * (not (telling | plain).isdisjoint(part.within))
            + POINTED * any(part.span.start <= n <= part.span.end for n in pointed)
            + FOUND * _overlap(part.span, candidate.spans)
            + OPENING * (part.span.start == 1)
            for part, each in zip(candidate.parts, said, strict=True)
        ]
        found.append(_shares(scores))
    return found


def _counts(candidate: Candidate, asked: Mapping[str, float]) -> list[Counter[str]]:
    """How often each word stands in each part."""
    starts = [candidate.ends[part.span.start - 1] for part in candidate.parts]
    counts: list[Counter[str]] = [Counter() for _ in starts]
    for word, there in places(candidate.text, asked).items():
        for at in there:
            counts[bisect_right(starts, at) - 1][word] += 1
    return counts


def _rarity(asked: Mapping[str, float], parts: Sequence[Counter[str]]) -> dict[str, float]:
    having = Counter(word for part in parts for word in part)
    return {
        word: weight * math.log(1 + (len(parts) - having[word] + 0.5) / (having[word] + 0.5))
        for word, weight in asked.items()
    }


def _said(counts: Mapping[str, int], rarity: Mapping[str, float], length: float) -> float:
    norm = K1 * (1 - B + B * length)
    return sum(rarity[word] * count * (K1 + 1) / (count + norm) for word, count in counts.items())


def _overlap(span: Span, spans: Sequence[Span]) -> float:
    """The share of the lines that are also in one of the spans."""
    inside = sum(max(0, min(span.end, s.end) - max(span.start, s.start) + 1) for s in spans)
    return min(1.0, inside / (span.end - span.start + 1))


def _pointed(path: str, about: str) -> set[int]:
    """The lines of the file that a text names, as a traceback does."""
    found = re.finditer(rf"(?<![\w/]){re.escape(path)}(?:\", line |:)(\d+)", about)
    return {int(each[1]) for each in found}


def _shares(scores: Sequence[float]) -> list[float]:
    raised = [score**SHARPNESS for score in scores]
    most = max(raised, default=0.0)
    raised = [max(each, LEAST * most) for each in raised]
    total = sum(raised)
    return [each / total if total else 1 / len(raised) for each in raised]
