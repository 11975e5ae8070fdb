"""What a call may cost at the most, and what it did cost: figures only, nothing is kept here."""

from __future__ import annotations

import re
from dataclasses import replace

from gitagent.domain.call import Call, Request, Usage
from gitagent.domain.codec import to_json
from gitagent.llm.prices import cost
from gitagent.ports import ModelProfile

BYTES_PER_TOKEN = 2
"""Fewer than in any text that people write, so that what is reserved is enough."""

DIGITS = re.compile("[0-9]")
"""Each is a token of its own for many models."""

WRAPPING = 50
"""Tokens that a provider may put around the messages."""

BEYOND_BELIEF = 2
"""Windows: no model has read and written more; the one that we know of may be an old figure."""

ENOUGH = 4096
"""Tokens of a reply: most changes are written in as many."""

MANY = 100_000
NEAR = 0.85
"""Share of its window from which on a call is worth a word."""


def prompt_tokens(request: Request) -> int:
    """An upper estimate, before a tokenizer has seen it."""
    texts = [message.content for message in request.messages]
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    digits = sum(len(DIGITS.findall(text)) for text in texts)
    return (size + digits + len(to_json(request.schema))) // BYTES_PER_TOKEN + WRAPPING


def worst(profile: ModelProfile, request: Request) -> float:
    """USD for all that the request allows; 0 where the price is unknown."""
    return cost(profile, prompt_tokens(request), request.max_tokens * (1 + request.further))


def affordable(profile: ModelProfile, request: Request, usd: float) -> Request:
    """The request with a reply no longer than `usd` pays for, as long as that may be enough; else
    as it is."""
    prompt = prompt_tokens(request)
    fixed = cost(profile, prompt, 0)
    each = (cost(profile, prompt, MANY) - fixed) / MANY
    if each <= 0:
        return request
    longest = int((usd - fixed) / each) // (1 + request.further)
    if min(request.max_tokens, ENOUGH) <= longest < request.max_tokens:
        return replace(request, max_tokens=longest)
    return request


def charge(profile: ModelProfile, usage: Usage) -> float:
    """USD for tokens as they were counted."""
    return cost(profile, usage.prompt, usage.completion, usage.cached)


def has_price(profile: ModelProfile) -> bool:
    """Whether anybody knows what the model costs."""
    return profile.input_price is not None and profile.output_price is not None


def believed(usage: Usage, window: int) -> bool:
    """Whether a provider can have counted so, for a model of this window, in tokens."""
    counts = (usage.prompt, usage.completion, usage.cached)
    if not all(type(count) is int and count >= 0 for count in counts):
        return False
    return 0 < usage.prompt + usage.completion <= BEYOND_BELIEF * window


def near_window(call: Call, profile: ModelProfile) -> str:
    """A sentence about a call that filled most of the model's window, else nothing."""
    used = call.prompt_tokens + call.completion_tokens
    if used < NEAR * profile.window:
        return ""
    share = f"{used / profile.window:.0%}".replace("%", " %")
    figures = f"{used:,} of {profile.window:,} tokens"
    return f"call {call.seq} filled {share} of the window ({figures})"
