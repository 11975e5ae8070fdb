"""What can happen to a task. Each event is one commit of its log."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The closed set of events, in the order in which a task meets them."""

    CREATED = "task created"
    BEGAN = "run began"
    BASE_GATED = "base gated"
    GATHERED = "context gathered"
    PLANNED = "plan made"
    RESERVED = "call reserved"
    ANSWERED = "call answered"
    FAILED = "call failed"
    REUSED = "answer reused"
    APPLIED = "edits applied"
    NOT_APPLIED = "edits not applied"
    JUDGED = "verdict"
    CHECKPOINT = "checkpoint"
    DELIVERED = "delivered"
    ENDED = "ended"


@dataclass(frozen=True)
class Event:
    """One event: the `n`-th of its task, written in the run `epoch`.

    `at` is UTC, ISO 8601; `seconds` is how long that took which ends with it, 0 for an instant.
    `said` is a line for people, `about` names what it is about: a call's number, `step.attempt`.
    """

    n: int
    kind: Kind
    epoch: int
    at: str
    said: str = ""
    about: str = ""
    seconds: float = 0.0
