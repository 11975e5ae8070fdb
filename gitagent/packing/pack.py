"""Chooses what goes into a prompt: always next what is worth most for its characters.

A file's worth is shared out over its parts. Each further part of a file adds less, so that two
files that may be meant are both looked into; to have all of a file is worth something by itself,
since only then does the model know that nothing is hidden from it.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from gitagent.domain.context import Excerpt, Span, merged
from gitagent.packing.candidate import Candidate
from gitagent.packing.parts import Part
from gitagent.packing.worth import worths

BEND = 0.9
"""Power of the share of a file that is shown: below 1, the first part of it says the most."""
WHOLE = 0.4
"""What it is worth beside its parts that a file is shown whole."""
SMALL = 2500
"""Characters of a file that is shown whole or not at all."""
WORTH = 0.4
"""Of the best part's worth, what another needs to be shown beside it to a weak model."""
FLOOR = 700
"""Characters that a step is taken to cost at least: a tiny file is not worth more for that."""


@dataclass(frozen=True)
class _Step:
    """What may be done next for a file: to show one part more, or (None) all of it."""

    density: float
    cost: int
    part: int | None


@dataclass
class _Shown:
    """What of a candidate is chosen so far."""

    candidate: Candidate
    shares: Sequence[float]
    may_be_whole: bool
    chosen: set[int] = field(default_factory=set)
    lines: set[int] = field(default_factory=set)
    size: int = 0
    share: float = 0.0
    whole: bool = False

    def best(self, left: int) -> _Step | None:
        """The next step that is worth most for its size, of those that fit."""
        return max(self._steps(left), key=lambda step: step.density, default=None)

    def take(self, step: _Step) -> None:
        self.size += step.cost
        if step.part is None:
            self.whole = True
            return
        self.chosen.add(step.part)
        self.share += self.shares[step.part]
        for span in _spans(self.candidate.parts[step.part]):
            self.lines.update(range(span.start, span.end + 1))

    def all_of_it(self, left: int) -> _Step | None:
        """The step that shows the whole file, where it may and fits."""
        cost = len(self.candidate.text) + len(self.candidate.path) - self.size
        if self.whole or not self.may_be_whole or cost > left:
            return None
        return self._step(self._gain(1.0) + WHOLE * self.candidate.value, cost, None)

    def part(self, n: int) -> _Step:
        """The step that shows one part more."""
        own = 0 if self.chosen else len(self.candidate.path)
        cost = sum(map(self._cost, _spans(self.candidate.parts[n]))) + own
        return self._step(self._gain(self.share + self.shares[n]), cost, n)

    def _steps(self, left: int) -> Iterator[_Step]:
        if self.whole:
            return
        if step := self.all_of_it(left):
            yield step
        if self.may_be_whole and len(self.candidate.text) <= SMALL:
            return
        further = (self.part(n) for n in self.order if n not in self.chosen)
        if step := next((step for step in further if step.cost <= left), None):
            yield step

    @cached_property
    def order(self) -> list[int]:
        """The parts, the one with the largest share for its size first."""
        sizes = [sum(map(self.candidate.size, _spans(part))) for part in self.candidate.parts]
        worth = [share / max(size, FLOOR) for share, size in zip(self.shares, sizes, strict=True)]
        return sorted(range(len(worth)), key=lambda n: -worth[n])

    def _step(self, gain: float, cost: int, part: int | None) -> _Step:
        return _Step(gain / max(cost, FLOOR), cost, part)

    def _gain(self, share: float) -> float:
        gain: float = min(share, 1.0) ** BEND - self.share**BEND
        return self.candidate.value * gain

    def _cost(self, span: Span) -> int:
        """The characters of those lines of a span that are not shown yet."""
        lines = range(span.start, span.end + 1)
        if self.lines.isdisjoint(lines):
            return self.candidate.size(span)
        return sum(len(self.candidate.lines[n - 1]) for n in lines if n not in self.lines)

    def spans(self) -> tuple[Span, ...]:
        return merged(s for n in self.chosen for s in _spans(self.candidate.parts[n]))


def pack(
    candidates: Sequence[Candidate],
    about: str,
    characters: int,
    *,
    largest: int,
    spare: int = 0,
    meant: Collection[str] = (),
    shares: Sequence[Sequence[float]] | None = None,
) -> tuple[Excerpt, ...]:
    """Excerpts of some of the candidates, in their order, together within so many characters.

    Those that are `meant` go before all others, whole where they fit; they may also take of what
    is to be left over, `spare`. No file of more than `largest` characters is shown whole.
    """
    shown = [
        _Shown(candidate, own, len(candidate.text) <= largest)
        for candidate, own in zip(candidates, shares or worths(candidates, about), strict=True)
        if candidate.text
    ]
    left = characters
    for each in shown:
        if each.candidate.path in meant and (step := each.all_of_it(left)):
            each.take(step)
            left -= step.cost
    _choose(shown, left - spare)
    return tuple(_excerpt(each) for each in shown if each.whole or each.chosen)


def telling(candidate: Candidate, about: str, characters: int) -> tuple[Span, ...]:
    """The lines of a file that a text is most about, together within so many characters."""
    (shares,) = worths([candidate], about)
    best = max(shares, default=0.0)
    shown = _Shown(candidate, shares, may_be_whole=False)
    left = characters
    for n, share in sorted(enumerate(shares), key=lambda each: -each[1]):
        step = shown.part(n)
        if share >= WORTH * best and step.cost <= left:
            shown.take(step)
            left -= step.cost
    return shown.spans()


def _choose(shown: Sequence[_Shown], left: int) -> None:
    """The most worth for its size first, until nothing more fits."""
    firsts = ((each.best(left), n) for n, each in enumerate(shown))
    heap = [(-step.density, n, step) for step, n in firsts if step]
    heapq.heapify(heap)
    while heap:
        _, n, step = heapq.heappop(heap)
        if step.cost <= left:
            shown[n].take(step)
            left -= step.cost
        if following := shown[n].best(left):
            heapq.heappush(heap, (-following.density, n, following))


def _spans(part: Part) -> tuple[Span, ...]:
    return (part.span, *part.around)


def _excerpt(each: _Shown) -> Excerpt:
    candidate, spans = each.candidate, each.spans()
    if each.whole or (each.may_be_whole and sum(map(candidate.size, spans)) == len(candidate.text)):
        return Excerpt(candidate.path, candidate.text, whole=True)
    text = "".join("".join(candidate.lines[s.start - 1 : s.end]) for s in spans)
    return Excerpt(candidate.path, text, whole=False, spans=spans)
