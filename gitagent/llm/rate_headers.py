"""What the headers of an answer say of how soon the next request may go out.

Every provider writes it differently: `1s`, `6m0s`, `12ms`, seconds, a date, seconds or
milliseconds since 1970.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

REQUESTS = ("x-ratelimit-{}-requests", "anthropic-ratelimit-requests-{}")
OTHERS = (
    "x-ratelimit-{}-tokens",
    "anthropic-ratelimit-tokens-{}",
    "anthropic-ratelimit-input-tokens-{}",
    "anthropic-ratelimit-output-tokens-{}",
    "x-ratelimit-{}",
    "ratelimit-{}",
)
EPOCH_S, EPOCH_MS = 1e9, 1e12
"""A number from here on is no wait, it is a point in time."""
LONGEST_TEXT = 64
SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|d|h|m|s)", re.ASCII)


def pause(headers: Mapping[str, str], *, refused: bool) -> float:
    """Seconds until the next request is worth sending; 0 where nothing speaks against it.

    `refused` says that these came with a 429: then the whole reset is waited for. After a good
    answer it is one request's share of it, since allowances of requests mostly come back one by
    one.
    """
    said = {name.lower(): value for name, value in headers.items()}
    return max(_pauses(said, refused=refused), default=0.0)


def _pauses(said: Mapping[str, str], *, refused: bool) -> Iterator[float]:
    for pattern in REQUESTS + OTHERS:
        remaining = _number(said.get(pattern.format("remaining"), ""))
        if remaining is None or remaining >= 1:
            continue
        reset = seconds(said.get(pattern.format("reset"), ""), said.get("date", ""))
        limit = _number(said.get(pattern.format("limit"), "")) or 1.0
        whole = refused or pattern not in REQUESTS
        yield (reset or 0.0) / (1.0 if whole else max(1.0, limit))


def seconds(text: str, date: str = "") -> float | None:
    """How long from now a text means, at least 0; None where it means nothing.

    `date` is the answer's own date: a point in time is held against the provider's clock.
    """
    text = text.strip()[:LONGEST_TEXT]
    number = _number(text)
    if number is not None and number >= EPOCH_S:
        number = number / (1000 if number >= EPOCH_MS else 1) - _moment(date).timestamp()
    elif number is None:
        number = _lasting(text)
    if number is None and (then := _date(text)):
        number = (then - _moment(date)).total_seconds()
    return None if number is None else max(0.0, number)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _lasting(text: str) -> float | None:
    """A duration as Go writes it."""
    if not text or _PART.sub("", text):
        return None
    return sum(float(amount) * SECONDS[unit] for amount, unit in _PART.findall(text))


def _moment(date: str) -> datetime:
    return _date(date) or datetime.now(UTC)


def _date(text: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
