"""What the chunks of a stream, or one document, add up to: a reply, or the reason why not.

Nothing that a provider sends is taken for well formed: a field of the wrong kind is a field that
is not there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from gitagent.domain.call import REPEATS, Reply, Usage
from gitagent.errors import BadReply, EmptyReply, ProviderUnavailable
from gitagent.llm.events import Broken, Foreign
from gitagent.llm.loops import Loops
from gitagent.llm.tools import as_lines

LENGTH = ("length", "max_tokens", "max_output_tokens", "model_length")
FILTERED = ("content_filter", "safety", "recitation", "prohibited_content", "blocklist")
MOST_TOKENS = 100_000_000
FRACTION_OF_REFUSAL = 300


class Answer:
    """Collects payloads since `began`; `on_text` is called with the length of the text so far.

    `asked` is the PROVIDER/NAME that was asked, `request_id` the provider's own name for the
    answer, once its headers have come; `over` says that nothing more need be read, which is so
    where `loops` finds that it says the same over and over. Calls of the `tools` that were offered
    become lines of the text, the only call of another is the text.
    """

    def __init__(
        self,
        asked: str,
        model: str,
        provider: str,
        began: float,
        on_text: Callable[[int], None],
        *,
        tools: tuple[str, ...] = (),
        loops: Loops | None = None,
    ) -> None:
        self.request_id = ""
        self._asked, self._model_asked, self._provider = asked, model, provider
        self._began = began
        self._on_text = on_text
        self._first: float | None = None
        self._parts: list[str] = []
        self._length = 0
        self._offered = tools
        self._loops = loops
        self._tools: dict[str, list[tuple[str, str]]] = {}
        self.over = False
        self._reasoned = False
        self._finish = ""
        self._model = ""
        self._refusal = ""
        self._usage = Usage()
        self._payloads = self._choices = 0
        self._speaks = False
        self._last: Mapping[str, Any] = {}

    @property
    def begun(self) -> bool:
        """Whether the model has written anything."""
        return bool(self._parts or self._tools or self._reasoned or self._refusal)

    @property
    def ended(self) -> bool:
        """Whether the provider has said that this is all."""
        return bool(self._finish)

    def add(self, payload: Any) -> bool:
        """Take a chunk or a document; whether the model wrote any of it.

        Raises Broken where it cannot be one.
        """
        if not isinstance(payload, dict) or not isinstance(payload.get("choices"), list | None):
            raise Broken
        self._payloads += 1
        self._speaks = self._speaks or "choices" in payload
        self._model = _text(payload.get("model")) or self._model
        self._usage = usage_of(payload) or self._usage
        choice = _mapping((payload.get("choices") or [None])[0])
        if not choice or (self._finish and payload == self._last):
            return False
        self._last = payload
        self._choices += 1
        wrote = self._take(_mapping(choice.get("delta")) or _mapping(choice.get("message")))
        # a document is whole where it can be read at all
        whole = "stop" if "message" in choice and "delta" not in choice else ""
        if not self.over:
            self._finish = _text(choice.get("finish_reason")) or self._finish or whole
        return wrote

    def reply(self) -> Reply:
        """The whole answer; ProviderUnavailable where it broke off, BadReply where it is none.

        Raises Foreign where nothing that came looked like the protocol's.
        """
        if self._payloads and not self._speaks:
            raise Foreign
        finish = self._finish.lower()
        if not finish or finish == "error":
            raise ProviderUnavailable(f"{self._provider} {self._interruption()}.")
        text, calls = self._said()
        reply = Reply(
            text=calls[0] if len(calls) == 1 else text,
            model=self._model or self._model_asked,
            provider=self._provider,
            finish_reason="length" if finish in LENGTH else self._finish,
            usage=self._usage,
            seconds=time.monotonic() - self._began,
            request_id=self.request_id,
            asked=self._asked,
            first_token_seconds=self._first - self._began if self._first else None,
        )
        if reason := self._refused(reply, len(calls)):
            raise BadReply(f"{self._model_asked} {reason}.", reply=reply)
        if not reply.text.strip():
            raise EmptyReply(f"{self._model_asked} {self._silence(reply)}.", reply=reply)
        return reply

    def _said(self) -> tuple[str, list[str]]:
        """The text, and the arguments of the calls that stand in place of one."""
        text = "".join(self._parts)
        called = [
            (next((name for name, _ in parts if name), ""), "".join(part for _, part in parts))
            for parts in self._tools.values()
        ]
        lines, others = as_lines(called, self._offered)
        if lines:
            text = "\n".join([*filter(None, [text.rstrip()]), *lines])
        return text, [] if text.strip() else others

    def _interruption(self) -> str:
        if self._finish:
            return "gave up in the middle of a reply"
        return "broke off in the middle of a reply" if self._choices else "answered without a reply"

    def _refused(self, reply: Reply, calls: int) -> str:
        if self._refusal or reply.finish_reason.lower() in FILTERED:
            said = self._refusal[:FRACTION_OF_REFUSAL].strip().rstrip(".")
            return f"refused to answer: {said or 'filtered'}"
        none = "" if self._offered else ", though it was offered none,"
        if calls > 1:
            return f"called {calls} tools{none or ' that there are not'} and wrote no answer"
        if calls and _is_broken(reply.text):
            return f"called a tool{none} with arguments that break off"
        return ""

    def _silence(self, reply: Reply) -> str:
        cut = " and was cut off there" if reply.cut else ""
        only = f": it wrote only its reasoning{cut}" if self._reasoned else ""
        return f"sent an empty reply{only}"

    def _take(self, said: Mapping[str, Any]) -> bool:
        refusal, reasoning = _text(said.get("refusal")), _reasoning(said)
        self._refusal += refusal
        self._reasoned = self._reasoned or bool(reasoning)
        text = _content(said.get("content"))
        if self._finish and text == "".join(self._parts):
            text = ""  # some repeat the whole of it in the end
        if text and not self.over:
            self._first = self._first or time.monotonic()
            self._parts.append(text)
            self._length += len(text)
            self._on_text(self._length)
            if self._loops and not self._finish and self._loops.add(text):
                self._finish, self.over = REPEATS, True
        return any((text, refusal, reasoning, self._call_tools(said)))

    def _call_tools(self, said: Mapping[str, Any]) -> bool:
        """Join the pieces of each tool call; that of the older API comes alone."""
        calls = said.get("tool_calls")
        pieces = calls if isinstance(calls, list) else []
        if isinstance(said.get("function_call"), dict):
            pieces = [{"index": 0, "function": said["function_call"]}]
        for n, piece in enumerate(map(_mapping, pieces)):
            index = piece.get("index")
            key = str(n if index is None else index)
            function = _mapping(piece.get("function"))
            called = (_text(function.get("name")), _arguments(function))
            self._tools.setdefault(key, []).append(called)
        return bool(pieces)


def _arguments(function: Mapping[str, Any]) -> str:
    found = function.get("arguments")
    return json.dumps(found, ensure_ascii=False) if isinstance(found, dict) else _text(found)


def _is_broken(text: str) -> bool:
    """Whether it begins as JSON and is none."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except ValueError:
        return True
    return False


def _content(value: Any) -> str:
    """A text, or the texts among the parts that it comes in."""
    if isinstance(value, list):
        parts = (_mapping(part) for part in value)
        return "".join(_text(part.get("text")) for part in parts if part.get("type") == "text")
    return _text(value)


def _reasoning(said: Mapping[str, Any]) -> str:
    kinds = ("reasoning_content", "reasoning", "thinking")
    found = next((text for kind in kinds if (text := _text(said.get(kind)))), "")
    content = said.get("content")
    parts = content if isinstance(content, list) else []
    return found or "".join("…" for part in parts if _mapping(part).get("type") == "thinking")


def usage_of(payload: Mapping[str, Any]) -> Usage | None:
    """The counts, all or none: half of them would be charged as if the other half were free. Those
    that llama.cpp makes along the way stand elsewhere."""
    counts = _mapping(payload.get("usage")) or _timings(_mapping(payload.get("timings")))
    prompt, completion = (_count(counts.get(f"{key}_tokens")) for key in ("prompt", "completion"))
    if prompt is None or completion is None:
        return None
    details = _mapping(counts.get("prompt_tokens_details"))
    cached = _count(details.get("cached_tokens", counts.get("prompt_cache_hit_tokens")))
    return Usage(prompt, completion, min(cached or 0, prompt))


def _timings(found: Mapping[str, Any]) -> Mapping[str, Any]:
    counts = [_count(found.get(f"{key}_n")) for key in ("cache", "prompt", "predicted")]
    if None in counts:
        return {}
    cached, read, written = counts
    return {
        "prompt_tokens": (cached or 0) + (read or 0),
        "completion_tokens": written,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def _count(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= MOST_TOKENS else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
