"""A verdict in words, what is worst of it first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gitagent.domain.task import Checkpoint
    from gitagent.domain.verdict import Verdict

SHOWN = 10


def weakened(checkpoints: Sequence[Checkpoint]) -> Iterator[str]:
    """How steps weaken what decides about them: whoever reviews them reads this first."""
    several = len(checkpoints) > 1
    for made in checkpoints:
        step = f"step {made.step}: " if several else ""
        yield from (f"{step}{each}" for each in made.verdict.weakened)


def details(verdict: Verdict) -> Iterator[str]:
    """The tests and places that a reader must know of, line by line."""
    yield from _listed("broken", verdict.broken)
    yield from _listed("vanished", verdict.vanished)
    yield from _listed("failed before, passes now", [*verdict.fixed, *verdict.proofs])
    yield from _listed("passes on the base too", verdict.unproven)
    yield from _listed("flaky, passed when run again", verdict.flaky)
    yield from _listed("see", verdict.noted)


def _listed(what: str, found: Sequence[str]) -> Iterator[str]:
    yield from (f"{what}: {each}" for each in found[:SHOWN])
    if len(found) > SHOWN:
        yield f"{what}: {len(found) - SHOWN} more"
