"""No field of a chunk is trusted: what comes back is a reply or one of our own errors."""

from __future__ import annotations

import json
import random
from typing import Any

from gitagent.errors import ProviderError
from gitagent.llm.answer import Answer
from gitagent.llm.complaints import judged, of_payload
from gitagent.llm.events import Broken, Foreign, payloads

KEYS = (
    *("choices", "delta", "message", "content", "refusal", "reasoning", "reasoning_content"),
    *("tool_calls", "function", "index", "arguments", "function_call", "finish_reason", "usage"),
    *("prompt_tokens", "completion_tokens", "prompt_tokens_details", "cached_tokens", "error"),
    *("code", "model", "type", "text", "metadata", "raw"),
)
LEAVES: tuple[Any, ...] = (None, True, 0, -1, 1.5, 1e308, "", "stop", "error", "hi", "429", [], {})
GOOD = {"choices": [{"delta": {"content": "hi"}, "finish_reason": "stop"}]}


def anything(chance: random.Random, depth: int = 5) -> Any:
    """A value with the names of the protocol in any place but the right one."""
    kind = chance.random()
    if depth == 0 or kind < 0.2:
        return chance.choice(LEAVES)
    if kind < 0.4:
        return [anything(chance, depth - 1) for _ in range(chance.randrange(3))]
    return {chance.choice(KEYS): anything(chance, depth - 1) for _ in range(3)}


def chunk(chance: random.Random) -> Any:
    """A value that looks like a chunk from afar."""
    choice = {"delta": anything(chance, 3), "finish_reason": chance.choice(LEAVES)}
    choices = chance.choice(([choice], [choice], [anything(chance)], anything(chance)))
    error = chance.choice(LEAVES) if chance.random() < 0.1 else None
    return {"choices": choices, "usage": anything(chance, 2), "error": error}


def test_any_chunk_is_a_reply_or_an_error() -> None:
    """Kinds and places of values may be wrong in any way."""
    chance = random.Random(9)
    replies = errors = 0
    for _ in range(3000):
        answer = Answer("p/m", "m", "p", 0.0, lambda _length: None)
        try:
            odd = [chance.choice((chunk, chunk, anything))(chance) for _ in range(2)]
            for payload in (GOOD, *odd):
                if complaint := of_payload(payload):
                    raise judged(complaint, "p", "m", str)
                answer.add(payload)
            reply = answer.reply()
            assert reply.usage.cached <= reply.usage.prompt
            assert reply.text.strip()
            replies += 1
        except (ProviderError, Broken, Foreign):
            errors += 1
    assert replies > 50
    assert errors > 50


def test_a_stream_may_be_cut_into_any_pieces() -> None:
    """Where the network splits it says nothing."""
    sent = [{"choices": [{"delta": {"content": text}}]} for text in ("é", "☃", "a\u2028b")]
    data = "".join(f"data: {json.dumps(p, ensure_ascii=False)}\r\n\r\n" for p in sent).encode()
    for size in range(1, 40):
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        assert list(payloads(pieces)) == sent
