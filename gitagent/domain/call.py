"""One model call: what is asked, what comes back, what it cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

CHARACTERS_PER_TOKEN = 3
"""Fewer than in most code: what is cut to fit a window by it fits."""

Phase = Literal["plan", "propose", "ask"]
Job = Literal["plan", "code", "repair", "ask", "review"]
"""What models are chosen for, each job by itself."""

CallStatus = Literal["reserved", "ok", "length", "refused", "empty", "overflow", "error"]


REPEATS = "repeats"
"""The finish reason of a reply that was stopped because it said the same over and over."""


@dataclass(frozen=True)
class Message:
    """One message; its first `stable` characters stay the same within the task (0: not known)."""

    role: Literal["system", "user", "assistant"]
    content: str
    stable: int = 0


@dataclass(frozen=True)
class Request:
    """One question to a model.

    `step` and `attempt` say where in the task it stands (step 0 is the plan) and `tree` what it
    stands on, so that a resumed run recognises a question that was answered. `schema` is a JSON
    schema the reply should follow, where the endpoint can be told so. `max_tokens` bounds the
    reply, which ends before any of the texts in `stops`, too. `span` is the id of the call's span,
    once the call has a number: it says which call the question goes out with, and is no part of
    what is asked; nor is `avoid`, the models (PROVIDER/NAME) that should not be asked again while
    there is another. `round` counts how often the model was shown more because it asked for it,
    from 0, and `tools` are the names of those that it may call to ask again, where it knows how.

    `candidate` tells apart questions that are asked for the same try side by side. `further` is
    how many more answers to the same words are wanted, where the endpoint knows how: it reads the
    prompt once then. `enough` says of each of several answers, once it is whole, whether those
    that are still being written are not needed any more.
    """

    phase: Phase
    messages: tuple[Message, ...]
    max_tokens: int
    temperature: float = 0.0
    step: int = 0
    attempt: int = 1
    tree: str = ""
    schema: dict[str, Any] | None = None
    span: str = ""
    avoid: tuple[str, ...] = ()
    round: int = 0
    tools: tuple[str, ...] = ()
    candidate: int = 0
    further: int = 0
    stops: tuple[str, ...] = ()
    enough: Callable[[str], bool] | None = field(default=None, compare=False, repr=False)

    @property
    def job(self) -> Job:
        """What a model must be good at to answer."""
        if self.phase != "propose":
            return self.phase
        return "code" if self.attempt == 1 else "repair"

    @property
    def key(self) -> str:
        """The place of the question in its task; the same in every run of it."""
        again = f":{self.round}" if self.round else ""
        beside = f".{self.candidate}" if self.candidate else ""
        return f"{self.phase}:{self.step}.{self.attempt}{beside}:{self.tree}{again}"


@dataclass(frozen=True)
class Usage:
    """Tokens as the provider counted them; `cached` is the part of `prompt` read from a cache."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0


@dataclass(frozen=True)
class Further:
    """One more answer to the same words."""

    text: str
    finish_reason: str


@dataclass(frozen=True)
class Reply:
    """What a model answered; `model` and `provider` name the one that really did.

    `asked` is the model that was asked (PROVIDER/NAME): a provider may give another name, or model.
    `others` are the further answers that were wanted, as far as they came, in the order in which
    they were whole; `usage` counts all of them.
    """

    text: str
    model: str
    provider: str
    finish_reason: str
    usage: Usage
    seconds: float
    request_id: str = ""
    first_token_seconds: float | None = None
    asked: str = ""
    others: tuple[Further, ...] = ()

    @property
    def each(self) -> tuple[Reply, ...]:
        """Each answer as a reply of its own."""
        told = ((other.text, other.finish_reason) for other in self.others)
        return (
            replace(self, others=()),
            *(replace(self, text=text, finish_reason=how, others=()) for text, how in told),
        )

    @property
    def cut(self) -> bool:
        """Whether the end of it is missing."""
        return self.finish_reason in ("length", REPEATS)

    @property
    def ref(self) -> str:
        """The name under which the model can be asked again."""
        return self.asked or f"{self.provider}/{self.model}"


@dataclass(frozen=True)
class Call:
    """The ledger's record of one call. Costs in USD, times in seconds."""

    seq: int
    phase: Phase
    step: int
    attempt: int
    model: str
    provider: str
    status: CallStatus
    key: str
    request_hash: str
    trace_id: str
    started: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cost_usd: float = 0.0
    seconds: float = 0.0
    first_token_seconds: float | None = None
    retries: int = 0
    request_id: str = ""
    error: str = ""
    from_journal: bool = False
