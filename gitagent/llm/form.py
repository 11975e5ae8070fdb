"""The body of a request, in the form that one endpoint takes.

What an endpoint turns out not to know (it says so with 400) is left out from then on, for as long
as the process lives: the schema, the temperature and the like make a reply better where they are
understood, and nothing depends on them.
"""

from __future__ import annotations

from typing import Any

from gitagent.domain.call import Message, Request
from gitagent.llm.complaints import Complaint
from gitagent.llm.tools import offered
from gitagent.ports import ModelProfile

MOST_MARKS = 4
"""As many beginnings of a prompt as Anthropic keeps."""

MARK = {"type": "ephemeral"}
OPTIONAL = {
    "response_format": ("response_format", "json_schema", "structured output", "grammar"),
    "temperature": ("temperature",),
    "stream_options": ("stream_options",),
    "prompt_cache_key": ("prompt_cache_key",),
    "max_tokens": ("max_completion_tokens",),
    "marks": ("cache_control",),
    "stop": ("stop sequence", "'stop'", '"stop"', "`stop`"),
    "extra_body": ("timings_per_token",),
    "n": ("n_cmpl", "completions", "choices", "'n'", '"n"', "`n`"),
    "tools": ("tools", "tool use", "tool call", "tool_choice", "function call"),
}
"""What may be left out, or be said in another way, and the words by which a complaint names it."""


class Form:
    """Writes requests for one model; `official` is OpenAI's own endpoint."""

    def __init__(self, model: str, profile: ModelProfile, *, official: bool, trace_id: str) -> None:
        self._model = model
        self._profile = profile
        self._trace_id = trace_id
        self._without = {"max_tokens"} if official else set[str]()
        self._official = official

    def body(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": self._messages(request),
            "stream": True,
            "stream_options": {"include_usage": True},
            self._limit: request.max_tokens,
        }
        if self._profile.takes_temperature:
            body["temperature"] = request.temperature
        if request.schema and self._profile.takes_schema:
            schema = {"name": request.phase, "schema": request.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        elif request.tools and self._profile.takes_tools:
            # some servers take no tools beside a schema, and a schema has a place for asks
            body["tools"] = offered(request.tools)
        if request.further and self._profile.takes_n:
            body["n"] = 1 + request.further
        if request.stops:
            body["stop"] = list(request.stops)
        if self._profile.counts_along:
            body["extra_body"] = {self._profile.counts_along: True}
        if self._official:
            body["prompt_cache_key"] = self._trace_id
        return {key: value for key, value in body.items() if key not in self._without}

    def can_do_without(self, complaint: Complaint, sent: dict[str, Any]) -> bool:
        """Whether a complaint is about something in `sent` that is left out from now on."""
        if complaint.status not in (400, 404, 422):
            return False
        there = {*sent, *(["marks"] if self._marks else [])} - self._without
        named = {
            key
            for key, words in OPTIONAL.items()
            if key in there and any(complaint.names(word) for word in words)
        }
        self._without |= named
        return bool(named)

    @property
    def _limit(self) -> str:
        return "max_completion_tokens" if "max_tokens" in self._without else "max_tokens"

    @property
    def _marks(self) -> bool:
        return self._profile.cache == "marks" and "marks" not in self._without

    def _messages(self, request: Request) -> list[dict[str, Any]]:
        left = MOST_MARKS if self._marks else 0
        messages: list[dict[str, Any]] = []
        for message in request.messages:
            stable = _stable(message) if left else 0
            left -= bool(stable)
            content = _parts(message.content, stable) if stable else message.content
            messages.append({"role": message.role, "content": content})
        return messages


def _stable(message: Message) -> int:
    """How many characters of a message are worth a mark; rules are the same in every call."""
    whole = len(message.content) if message.role == "system" else 0
    return min(whole or message.stable, len(message.content))


def _parts(content: str, stable: int) -> list[dict[str, Any]]:
    marked = {"type": "text", "text": content[:stable], "cache_control": MARK}
    rest = {"type": "text", "text": content[stable:]}
    return [marked, rest] if content[stable:] else [marked]
