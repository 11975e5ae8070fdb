"""BM25, after Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009)."""

from __future__ import annotations

import math


def rarity(found: int, of: int) -> float:
    """The weight of a term that `found` of so many documents have; never negative."""
    return math.log(1 + (of - found + 0.5) / (found + 0.5))


def weight(count: float, length: float, k1: float, b: float) -> float:
    """What `count` occurrences say; `length` is the document's, the mean being 1."""
    return count * (k1 + 1) / (count + k1 * (1 - b + b * length))
