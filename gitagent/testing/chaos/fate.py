"""Which fault a request meets: written down beforehand, or thrown with dice that can be repeated.

Nothing is remembered here. The dice of a request come from the seed and from what is said of it,
so the same requests meet the same faults, in whatever order threads come to ask.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from gitagent.errors import UsageError
from gitagent.testing.chaos.catalogue import FAULTS, named
from gitagent.testing.chaos.fault import Fault
from gitagent.testing.protocol import Asked

Seeding = Literal["order", "content"]


@dataclass(frozen=True)
class Question:
    """What dice may know of a request: the `n`th of all (from 1), the `time`th with this `hash`,
    what it asks and what a good answer says."""

    n: int
    hash: str
    time: int
    asked: Asked
    text: str


class Decides(Protocol):
    """Says what befalls a request; whoever wants other rules than those of Fate brings their own.

    Asked by many threads at once.
    """

    def fault(self, question: Question) -> Fault | None: ...

    def dice(self, question: Question) -> random.Random:
        """The dice with which the fault is played."""
        ...


@dataclass(frozen=True)
class Fate:
    """`at` names the fault of the nth request, `every` that of each nth; the others meet one with
    probability `rate`, chosen from `weights` (a fault's name to how often, beside the others).

    By `order` the dice depend on a request's number; by `content` on what is asked and how often
    it was asked before, so that clients that ask in parallel are reproducible, too. Raises
    UsageError for a fault that there is none of.
    """

    rate: float = 0.0
    seed: int = 0
    by: Seeding = "order"
    weights: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(FAULTS, 1.0))
    every: Mapping[int, str] = field(default_factory=dict)
    at: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (*self.weights, *self.every.values(), *self.at.values()):
            named(name)
        if not 0 <= self.rate <= 1 or any(weight < 0 for weight in self.weights.values()):
            raise UsageError("A rate is between 0 and 1, and no weight is below 0.")
        if any(n < 1 for n in (*self.every, *self.at)):
            raise UsageError("Requests are counted from 1.")

    def dice(self, question: Question) -> random.Random:
        """The dice of one request."""
        if self.by == "order":
            return random.Random(f"{self.seed} {question.n}")
        return random.Random(f"{self.seed} {question.hash} {question.time}")

    def fault(self, question: Question) -> Fault | None:
        """What befalls a request, None for nothing. A scripted fault that does not fit the answer
        does not happen."""
        if question.n in self.at:
            return _fitting(self.at[question.n], question)
        for n, name in self.every.items():
            if question.n % n == 0:
                return _fitting(name, question)
        dice = self.dice(question)
        return self._chosen(dice, question) if dice.random() < self.rate else None

    def _chosen(self, dice: random.Random, question: Question) -> Fault | None:
        names = [name for name, weight in self.weights.items() if weight]
        found = [fault for name in names if (fault := _fitting(name, question))]
        if not found:
            return None
        return dice.choices(found, [self.weights[fault.name] for fault in found])[0]


def weights(words: Iterable[str]) -> dict[str, float]:
    """Weights out of words: `NAME` or `NAME=WEIGHT`, `all` for every fault.

    Raises UsageError where one cannot be read.
    """
    found: dict[str, float] = {}
    for word in words:
        name, _, weight = word.partition("=")
        try:
            number = float(weight or 1)
        except ValueError as error:
            raise UsageError(f"`{word}` is not NAME=WEIGHT.") from error
        chosen = FAULTS if name == "all" else (named(name).name,)
        found |= dict.fromkeys(chosen, number)
    return found


def _fitting(name: str, question: Question) -> Fault | None:
    fault = named(name)
    return fault if fault.fits(question.text, question.asked) else None
