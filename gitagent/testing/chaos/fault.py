"""What a fault is: a name, a sentence, and what it makes of the wire of a good answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gitagent.testing.protocol import Asked, Part, Wire


@dataclass(frozen=True)
class Times:
    """In seconds: how long the slow faults take, how long the silent ones are silent, and what
    the busy ones give in Retry-After."""

    slow: float = 2.0
    silent: float = 30.0
    retry_after: float = 1.0


@dataclass(frozen=True)
class Case:
    """What a fault may look at besides the good answer: the request, and dice for what is free."""

    asked: Asked = field(default_factory=Asked)
    dice: random.Random = field(default_factory=lambda: random.Random(0))
    times: Times = field(default_factory=Times)


Change = Callable[[Sequence[Part], Case], Wire]
Fits = Callable[[str, Asked], bool]


def always(_text: str, _asked: Asked) -> bool:
    """Fits every answer."""
    return True


@dataclass(frozen=True)
class Fault:
    """One way to fail.

    `intact` says that the whole answer arrives all the same, in time or in odd clothes, so that a
    good client needs no other; `worked` that a model has worked for it, so that it is billed;
    `lies` that the usage it names is not what is billed. `fits` says for which text and request
    there is such a fault at all.
    """

    name: str
    says: str
    play: Change
    intact: bool = False
    worked: bool = True
    lies: bool = False
    fits: Fits = always
