"""Faults that are a status: the provider is busy, broken, or will have nothing of us."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from email.utils import formatdate

from gitagent.testing import protocol
from gitagent.testing.chaos.fault import Case, Change
from gitagent.testing.protocol import Part, Wire

BUSY = "Rate limit reached for requests. Please try again later."
GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
LIMIT = 60
"""How many requests a minute the headers claim to allow."""


def status(code: int, message: str = "", *, kind: str | None = None) -> Change:
    """A fault that is this status with the API's error body; `kind` is the error's code."""

    def play(_good: Sequence[Part], _case: Case) -> Wire:
        return protocol.error(code, message, code=kind)

    return play


def later(code: int, message: str = "") -> Change:
    """A status with Retry-After in seconds."""

    def play(_good: Sequence[Part], case: Case) -> Wire:
        return protocol.error(code, message, headers=waiting(case.times.retry_after))

    return play


def later_by_date(_good: Sequence[Part], case: Case) -> Wire:
    """Retry-After is a date; it counts from the answer's own Date header, in whole seconds."""
    at = time.time() + math.ceil(case.times.retry_after)
    return protocol.error(429, BUSY, headers={"Retry-After": formatdate(at, usegmt=True)})


def later_by_limits(_good: Sequence[Part], case: Case) -> Wire:
    """No Retry-After, but headers that say how much is left and when there is more."""
    left = limits(LIMIT, 0, case.times.retry_after)
    return protocol.error(429, BUSY, code="rate_limit_exceeded", headers=left)


def bad_gateway(_good: Sequence[Part], _case: Case) -> Wire:
    """What stands before the provider answers, in HTML."""
    return protocol.content(GATEWAY.encode(), "text/html", status=502)


def overloaded(_good: Sequence[Part], _case: Case) -> Wire:
    """The status that Anthropic-like providers send, with their form of an error."""
    body = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    return protocol.document(body, status=529)


def overflow(_good: Sequence[Part], case: Case) -> Wire:
    """The window is said to be just too small for this prompt."""
    return too_long(case.asked.prompt_tokens, max(1, case.asked.prompt_tokens - 1))


def too_long(used: int, window: int) -> list[Part]:
    """The API's answer to a prompt of `used` tokens where the model takes `window`."""
    message = (
        f"This model's maximum context length is {window} tokens. However, your messages resulted "
        f"in {used} tokens. Please reduce the length of the messages."
    )
    return protocol.error(400, message, code="context_length_exceeded")


def waiting(seconds: float) -> Mapping[str, str]:
    """Retry-After; a fraction, which HTTP does not know but providers send, stays one."""
    return {"Retry-After": f"{seconds:g}"}


def limits(limit: int, left: int, reset: float) -> Mapping[str, str]:
    """The headers of OpenAI's rate limits for requests; `reset` is in seconds."""
    return {
        "x-ratelimit-limit-requests": str(limit),
        "x-ratelimit-remaining-requests": str(left),
        "x-ratelimit-reset-requests": span(reset),
    }


def span(seconds: float) -> str:
    """A time as those headers write it: 250ms, 1.5s, 6m0s."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(seconds, 60)
    return f"{minutes:.0f}m{rest:.3g}s" if minutes else f"{rest:.3g}s"
