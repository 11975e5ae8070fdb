"""Whether a model can take over a question that was written for another, and how it is put to it.

A schema is never a reason against: a model that takes none is told in words what to answer.
"""

from __future__ import annotations

from dataclasses import replace

from gitagent.domain.call import Request
from gitagent.llm.charge import prompt_tokens
from gitagent.ports import ModelProfile

LEAST_REPLY = 2048
"""Tokens below which a reply with code in it is likely to be cut."""


def misfit(written_for: ModelProfile, profile: ModelProfile, request: Request) -> str:
    """Why a model does not fit, as the end of a sentence about it; empty where it does.

    Who the question was written for fits: how long a prompt may be was decided by its window.
    """
    if profile.ref == written_for.ref:
        return ""
    if profile.weak and not written_for.weak:
        return f"is too weak for what was written for {written_for.ref}"
    room = profile.window - prompt_tokens(request)
    needed = min(request.max_tokens, LEAST_REPLY)
    if room < needed:
        return f"has a window of {profile.window} tokens, which is too small"
    if profile.max_output < needed:
        return f"writes {profile.max_output} tokens at most, which is too few"
    return ""


def fitted(written_for: ModelProfile, profile: ModelProfile, request: Request) -> Request:
    """The question with a reply no longer than the model can write."""
    most = profile.max_output
    if profile.ref != written_for.ref:
        most = min(most, profile.window - prompt_tokens(request))
    return replace(request, max_tokens=max(1, most)) if most < request.max_tokens else request
