"""How an exchange with a model stands in a task's log: its names, its bytes, its hash."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from typing import Any

from gitagent.domain.call import Request
from gitagent.domain.codec import to_json

NO_PART = ("span", "avoid", "enough")
"""Fields of a request that are no part of what is asked: the same whichever call it goes out
with, whomever it should not go to, and however many of its answers are needed."""
SELDOM = ("round", "tools", "candidate", "further", "stops")
"""Fields that are left out where they say nothing."""


def question(request: Request) -> bytes:
    """What is asked, as it is kept."""
    return to_json(_asked(request))


def request_hash(request: Request) -> str:
    """The same however long the reply may be: that depends on what is left of a budget, and on what
    is known of replies."""
    return hashlib.sha256(question(replace(request, max_tokens=0, stops=()))).hexdigest()


def kept(request: Request, asked: str) -> bytes:
    """The question with the model (PROVIDER/NAME) that it was put to: who answered may say
    another name."""
    return to_json({"asked": asked, **_asked(request)})


def identity(request: Request, asked: str) -> str:
    """The same for all that a model cannot tell apart, wherever in whichever task it stands."""
    whole = _asked(request)
    told = ("messages", "temperature", "schema", "tools", "further")
    data = to_json({"asked": asked, **{name: whole[name] for name in told if name in whole}})
    return hashlib.sha256(data).hexdigest()


def request_name(seq: int) -> str:
    """Where in the log the question of a call stands."""
    return f"exchange/{seq:04}.request.json"


def reply_name(seq: int) -> str:
    """Where in the log the reply to a call stands."""
    return f"exchange/{seq:04}.reply.json"


def _asked(request: Request) -> dict[str, Any]:
    asked = {f.name: getattr(request, f.name) for f in fields(request) if f.name not in NO_PART}
    asked = {name: value for name, value in asked.items() if value or name not in SELDOM}
    # what a message says of itself beside its words is for the client, not for the model
    asked["messages"] = [{"role": m.role, "content": m.content} for m in request.messages]
    return asked
