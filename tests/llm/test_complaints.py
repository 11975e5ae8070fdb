"""What a provider says is wrong decides what is done next, however it words it."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import pytest

from gitagent.errors import ContextOverflow, ProviderRejected, ProviderUnavailable
from gitagent.llm.complaints import Complaint, judged, of_payload, retry_after

OVERFLOWS = {
    "openai": "This model's maximum context length is 8192 tokens. However, your messages resulted "
    "in 8545 tokens. Please reduce the length of the messages.",
    "openai input": "Your input exceeds the context window of this model. Please adjust your input "
    "and try again.",
    "openrouter": "This endpoint's maximum context length is 131072 tokens. However, you requested "
    "about 201009 tokens (199009 of text input, 2000 in the output).",
    "anthropic": "prompt is too long: 213462 tokens > 200000 maximum",
    "anthropic limit": "input length and `max_tokens` exceed context limit: 188240 + 21333 > "
    "200000, decrease input length or `max_tokens` and try again",
    "bedrock": "Input is too long for requested model.",
    "llama.cpp": "the request exceeds the available context size, try increasing it",
    "llama.cpp counted": "request (9000 tokens) exceeds the available context size (4096 tokens), "
    "try increasing it",
    "ollama": "the input length exceeds the context length",
    "ollama maximum": "input exceeds maximum context length",
    "vllm": "This model's maximum context length is 4096 tokens. However, you requested 5000 "
    "tokens (4000 in the messages, 1000 in the completion).",
    "vllm max_tokens": "'max_tokens' or 'max_completion_tokens' is too large: 8192. This model's "
    "maximum context length is 65536 tokens and your request has 57879 input tokens.",
    "vllm decoder": "The decoder prompt (length 9000) is longer than the maximum model length of "
    "4096.",
    "gemini": "The input token count (1196265) exceeds the maximum number of tokens allowed "
    "(1048575).",
    "mistral": "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 "
    "maximum context length",
    "xai": "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
    "groq": "Please reduce the length of the messages or completion.",
    "tgi": "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and "
    "1000 `max_new_tokens`",
    "lm studio": "Trying to keep the first 5000 tokens when context the overflows. However, the "
    "model is loaded with context length of only 4096 tokens",
    "moonshot": "Invalid request: Your request exceeded model token limit: 8192",
    "minimax": "invalid params, context window exceeds limit",
}
OTHERS = {
    "reply": "max_tokens is too large: 32768. This model supports at most 16384 completion tokens.",
    "minute": "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested "
    "7221, please reduce the length of the messages.",
    "role": "Invalid value: 'robot'. Supported values are: 'system', 'user' and 'assistant'.",
    "image": "The image is too large.",
    "schema": "Invalid schema for response_format 'plan'.",
    "context": "Unknown parameter: 'context'.",
}


def error(complaint: Complaint, *, begun: bool = False) -> Exception:
    return judged(complaint, "p (http://x)", "m", str, begun=begun)


@pytest.mark.parametrize("message", OVERFLOWS.values(), ids=OVERFLOWS)
def test_a_prompt_that_is_too_long_is_recognised(message: str) -> None:
    """By the words of each provider, whatever status it sends them with."""
    for status in (400, 413, 422, 0):
        assert isinstance(error(Complaint(status, "", message)), ContextOverflow)


@pytest.mark.parametrize("message", OTHERS.values(), ids=OTHERS)
def test_other_complaints_about_size_are_no_overflow(message: str) -> None:
    """A shorter prompt would not help there."""
    found = error(Complaint(400, "", message))
    assert type(found) is ProviderRejected


@pytest.mark.parametrize(
    "codes",
    ["context_length_exceeded", "exceed_context_size_error", "model_max_prompt_tokens_exceeded"],
)
def test_an_overflow_may_be_named_by_its_code_alone(codes: str) -> None:
    """The message may be in any language."""
    assert isinstance(error(Complaint(400, codes, "Zu lang.")), ContextOverflow)


@pytest.mark.parametrize(
    ("status", "kind", "busy", "unpaid"),
    [
        (429, ProviderUnavailable, True, True),
        (503, ProviderUnavailable, False, True),
        (529, ProviderUnavailable, False, True),
        (500, ProviderUnavailable, False, False),
        (408, ProviderUnavailable, False, False),
        (0, ProviderUnavailable, False, False),
        (400, ProviderRejected, None, None),
        (403, ProviderRejected, None, None),
    ],
)
def test_what_a_status_means(status: int, kind: type, busy: object, unpaid: object) -> None:
    """Busy is what too many requests of ours are; unpaid is what no model has seen."""
    found = error(Complaint(status, "", "Oh."))
    assert type(found) is kind
    assert (getattr(found, "busy", None), getattr(found, "unpaid", None)) == (busy, unpaid)
    if isinstance(found, ProviderRejected):
        assert found.status == status


def test_nothing_is_free_once_the_model_has_written() -> None:
    """What breaks off in the middle is billed, whatever the provider gives as the reason."""
    for status in (400, 402, 413, 429, 503):
        found = error(Complaint(status, "", "Oh."), begun=True)
        assert isinstance(found, ProviderUnavailable)
        assert not found.unpaid


@pytest.mark.parametrize(
    "said",
    [
        Complaint(429, "insufficient_quota insufficient_quota", "You exceeded your current quota"),
        Complaint(429, "exceeded_current_quota_error", "suspended"),
        Complaint(400, "", "Insufficient balance"),
        Complaint(403, "insufficient_user_quota", "no"),
    ],
    ids=repr,
)
def test_a_quota_that_is_used_up_is_a_bill(said: Complaint) -> None:
    """No waiting brings money, so it counts as 402."""
    found = error(said)
    assert isinstance(found, ProviderRejected)
    assert found.status == 402


@pytest.mark.parametrize(
    ("payload", "status", "message"),
    [
        ({"error": {"code": 502, "message": "Provider gone"}}, 502, "Provider gone"),
        ({"error": {"code": "429", "message": "Slow down"}}, 429, "Slow down"),
        ({"error": {"code": "rate_limit_exceeded", "message": "Slow down"}}, 429, "Slow down"),
        ({"error": {"type": "overloaded_error", "message": "Later"}}, 529, "Later"),
        ({"error": {"message": {"why": "x"}}}, 0, '{"why": "x"}'),
        ({"error": "model not found"}, 0, "model not found"),
        ({"error": ["a"]}, 0, "a"),
        ({"error": True}, 0, "True"),
        ({"error": {"code": 12345}}, 0, "it failed"),
        (
            {
                "error": {
                    "code": 400,
                    "message": "Provider returned error",
                    "metadata": {"raw": "prompt is too long"},
                }
            },
            400,
            "Provider returned error: prompt is too long",
        ),
    ],
    ids=repr,
)
def test_errors_inside_a_stream_are_read(payload: Any, status: int, message: str) -> None:
    """Numbers, names and bare texts are about; a broker's error holds that of the provider."""
    found = of_payload(payload)
    assert found is not None
    assert (found.status, found.message) == (status, message)


@pytest.mark.parametrize("payload", [{}, {"error": None}, {"error": {}}, [], "x", None, 3])
def test_what_is_no_error_is_none(payload: Any) -> None:
    """Some servers send the field empty with every chunk."""
    assert of_payload(payload) is None


def test_a_message_is_hidden_before_it_is_cut() -> None:
    """Half a key is not known for one."""
    said = Complaint(400, "", "x" * 295 + "SECRET-KEY")
    found = judged(said, "p", "m", lambda text: text.replace("SECRET-KEY", "…"))
    assert "SECRET" not in str(found)


def dated(seconds: float) -> Mapping[str, str]:
    # the server's clock is far off: only the distance between its own two dates counts
    then = 1_000_000_000
    return {
        "retry-after": formatdate(then + seconds, usegmt=True),
        "date": formatdate(then, usegmt=True),
    }


def test_retry_after_may_be_a_date_or_milliseconds() -> None:
    """A date is held against the server's own, so that no clock of ours matters."""
    assert retry_after(dated(9)) == 9.0
    assert retry_after(dated(-9)) == 0.0
    assert retry_after({"retry-after": dated(9)["retry-after"]}) is None
    assert retry_after({"retry-after-ms": "1500", "retry-after": "2"}) == 1.5
    assert retry_after({"retry-after-ms": "soon", "retry-after": "2"}) == 2.0
