"""What a provider says is wrong, as one of our own errors.

Every provider words it differently, sends it as a status or in the middle of a stream, and some
mean by 429 that the money is gone. What follows from an error (wait, shrink, go elsewhere, give
up) hangs on this reading alone.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from gitagent.errors import (
    ContextOverflow,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
)

if TYPE_CHECKING:
    import openai

BUSY = 429
UNPAID = (BUSY, 503, 529)
NO_MONEY = 402
TOO_LARGE = 413
FRACTION_OF_MESSAGE = 300

_OVERFLOW = re.compile(
    "|".join(
        (
            r"context_length_exceeded|exceed_context_size|max_prompt_tokens_exceeded",
            r"maximum (?:context|prompt|model) length",
            r"(?:exceed(?:s|ed)?|(?:larg|long|great)er than|overflows?) the (?:\w+ )?context",
            r"exceeds? (?:the )?(?:context (?:limit|length|window)|maximum context)",
            r"context (?:length|window|limit|size)(?: has been)? (?:exceed|overflow)",
            r"(?:prompt|input|request) is too (?:long|large)",
            r"input token count.{0,40}exceeds",
            r"too large for model with",
            r"context length of only",
            r"`?inputs`? tokens \+ `?max_new_tokens`? must be",
            r"too many tokens: total number of tokens in the prompt",
            r"reduce the length of the (?:messages|prompt|input)",
            r"model token limit",
        )
    ),
    re.IGNORECASE,
)
_PER_MINUTE = re.compile(r"per (?:minute|hour|day)|\b[TR]P[MD]\b|rate.?limit", re.IGNORECASE)
_OUT_OF_MONEY = re.compile(
    r"insufficient_(?:user_)?quota|insufficient[_ ](?:balance|credits?|funds)"
    r"|billing_hard_limit|exceeded_current_quota",
    re.IGNORECASE,
)
_WRAPPED = "Provider returned error"


@dataclass(frozen=True)
class Complaint:
    """Status (0 where none is known), the codes and types beside the message, and the headers."""

    status: int
    codes: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def names(self, word: str) -> bool:
        """Whether the message or a code has this word in it."""
        return word in f"{self.message} {self.codes}".lower()


def of_status(error: openai.APIStatusError) -> Complaint:
    """The complaint in an answer with an error status."""
    codes, message = _read(error.body)
    return Complaint(
        error.status_code, codes, message or error.response.reason_phrase, error.response.headers
    )


def of_payload(payload: Any) -> Complaint | None:
    """The complaint inside a stream, or in a document with status 200; None where there is none."""
    body = payload.get("error") if isinstance(payload, dict) else None
    if not body:
        return None
    codes, message = _read(body)
    numbers = [int(code) for code in codes.split() if re.fullmatch(r"[45]\d\d", code)]
    return Complaint(numbers[0] if numbers else _status(codes), codes, message or "it failed")


def judged(
    complaint: Complaint, where: str, model: str, hide: Callable[[str], str], *, begun: bool = False
) -> ProviderError:
    """The error that a complaint is.

    `begun` says that the model had written something: that is charged, whatever went wrong then.
    """
    status = complaint.status
    said = hide(complaint.message)[:FRACTION_OF_MESSAGE]
    text = f"{where} answered {status}: {said}" if status else f"{where} failed: {said}"
    if begun:
        return ProviderUnavailable(text)
    if _OUT_OF_MONEY.search(complaint.codes) or _OUT_OF_MONEY.search(complaint.message):
        return ProviderRejected(text, status=NO_MONEY)
    if overflows(complaint):
        return ContextOverflow(text, status=status)
    told_not_to = complaint.headers.get("x-should-retry") == "false"
    if not told_not_to and (not status or status in (408, 409, BUSY) or status >= 500):
        return ProviderUnavailable(
            text,
            retry_after=retry_after(complaint.headers),
            unpaid=status in UNPAID,
            busy=status == BUSY,
        )
    if status == 404:
        return ProviderRejected(
            f"{where} has no model `{model}`: {said}",
            hint="`git agent models list` shows what the endpoint offers.",
            status=status,
        )
    return ProviderRejected(text, status=status)


def overflows(complaint: Complaint) -> bool:
    """Whether a shorter prompt would help. A limit by the minute is another thing."""
    if complaint.status == TOO_LARGE:
        return True
    if complaint.status not in (0, 400, 422) or _PER_MINUTE.search(complaint.message):
        return False
    return _OVERFLOW.search(f"{complaint.codes} {complaint.message}") is not None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, whether the header gives seconds or a date; a date is held against the server's."""
    with suppress(ValueError):
        return _waited(float(headers.get("retry-after-ms", "")) / 1000)
    said = headers.get("retry-after", "")
    with suppress(ValueError):
        return _waited(float(said))
    with suppress(ValueError, TypeError):
        now = parsedate_to_datetime(headers.get("date", ""))
        return _waited((parsedate_to_datetime(said) - now).total_seconds())
    return None


def _status(codes: str) -> int:
    """The status that a code in words stands for; 0 where it is none that we know."""
    known = {
        "rate_limit": BUSY,
        "too_many_requests": BUSY,
        "overloaded": 529,
        "invalid_api_key": 401,
        "authentication_error": 401,
        "permission_error": 403,
        "content_policy": 403,
    }
    return next((status for word, status in known.items() if word in codes.lower()), 0)


def _read(body: Any) -> tuple[str, str]:
    """Codes and message of an error body, in any of the shapes that are about."""
    if isinstance(body, list):
        body = body[0] if body else ""
    if isinstance(body, dict) and isinstance(body.get("error"), dict | str):
        body = body["error"]
    if not isinstance(body, dict):
        text = str(body or "")
        return "", "" if text.lstrip().startswith("<") else _line(text)
    codes = " ".join(str(body[key]) for key in ("code", "type", "param") if body.get(key))
    message = body.get("message") or body.get("detail") or body.get("msg") or ""
    return codes, _line(message if isinstance(message, str) else json.dumps(message)) + _raw(body)


def _raw(body: Mapping[str, Any]) -> str:
    """What the provider behind a broker said, where the broker only says that it said something."""
    metadata = body.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return f": {_line(str(raw))}" if raw and body.get("message") == _WRAPPED else ""


def _line(text: str) -> str:
    return " ".join(text.split())


def _waited(seconds: float) -> float | None:
    return None if math.isnan(seconds) else max(0.0, seconds)
