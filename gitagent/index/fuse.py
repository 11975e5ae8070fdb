"""Makes one ranking of the prongs' scores.

Each prong's best file is worth the prong's weight, the others in proportion. Fusion by ranks alone
was tried and is worse: how far the first is ahead of the second is much of what a prong knows.
"""

from __future__ import annotations

from collections.abc import Mapping

from gitagent.index import tuning


def fused(
    prongs: Mapping[str, Mapping[int, float]], weights: Mapping[str, float]
) -> dict[int, float]:
    """The sum over the prongs, by file."""
    total: dict[int, float] = {}
    for prong, scores in prongs.items():
        for file, gain in worth(scores, weights[prong]).items():
            total[file] = total.get(file, 0.0) + gain
    return total


def worth(scores: Mapping[int, float], weight: float) -> dict[int, float]:
    """What a prong of that weight adds to each file that it found."""
    most = max(scores.values(), default=0.0)
    if most <= 0 or weight <= 0:
        return {}
    return {f: weight * (s / most) ** tuning.BEND for f, s in scores.items() if s > 0}
