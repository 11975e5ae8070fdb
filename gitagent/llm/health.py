"""How providers do, by what this user's processes have kept of them; none is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gitagent.llm.breaker import Breaker
from gitagent.llm.client import Endpoint
from gitagent.llm.prices import FREE

FOLDER = "providers"
"""Where it is kept, in the user's cache folder."""


def shared_name(endpoint: Endpoint) -> str:
    """What two processes must have in common to share what they know: the address and the key.

    It holds both, so it goes into a hash and nowhere else.
    """
    return f"{endpoint.base_url}\n{endpoint.api_key}"


def is_shared(endpoint: Endpoint) -> bool:
    """Whether somebody else decides how much may be asked; on this machine it is the user."""
    return endpoint.provider not in FREE


def rests(folder: Path) -> Callable[[Endpoint], float]:
    """For how many seconds an endpoint is still left alone, by what lies in `folder`."""

    def seconds(endpoint: Endpoint) -> float:
        return Breaker(folder, shared_name(endpoint)).rests() if is_shared(endpoint) else 0.0

    return seconds
