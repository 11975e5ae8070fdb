"""All faults, in one table, and the choice among them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace

from gitagent.errors import UsageError
from gitagent.testing.chaos import contents, statuses, transport
from gitagent.testing.chaos.contents import is_json, is_streamed, says_something, told
from gitagent.testing.chaos.fault import Fault
from gitagent.testing.chaos.statuses import BUSY, later, status

_STATUSES = (
    Fault("429", "Too many requests; not said when to come back.", status(429, BUSY)),
    Fault("429-seconds", "Too many requests, Retry-After in seconds.", later(429, BUSY)),
    Fault("429-date", "Too many requests, Retry-After as a date.", statuses.later_by_date),
    Fault("429-headers", "Too many requests, with x-ratelimit headers.", statuses.later_by_limits),
    Fault(
        "429-quota",
        "Too many requests, which means that the account is out of money.",
        status(429, "You exceeded your current quota.", kind="insufficient_quota"),
    ),
    Fault("500", "The provider is broken.", status(500)),
    Fault("502", "The gateway before the provider is, and says so in HTML.", statuses.bad_gateway),
    Fault("503", "Unavailable, with Retry-After.", later(503)),
    Fault("529", "Overloaded.", statuses.overloaded),
    Fault(
        "401",
        "The key is not taken.",
        status(401, "Incorrect API key provided.", kind="invalid_api_key"),
    ),
    Fault("402", "Nothing is left on the account.", status(402, "Insufficient credits.")),
    Fault(
        "404",
        "There is no such model.",
        status(404, "The model does not exist.", kind="model_not_found"),
    ),
    Fault("overflow", "The prompt is said to be longer than the window.", statuses.overflow),
)

_TRANSPORT = (
    Fault("slow-start", "The first byte comes late.", transport.slow_start, intact=True),
    Fault("drip", "The answer comes whole, but slowly.", transport.drip, intact=True),
    Fault("idle", "It stops in its middle; signs of life go on.", transport.idle),
    Fault("stall", "It stops in its middle; nothing goes on.", transport.stall),
    Fault("cut", "It ends in its middle, in good order.", transport.cut),
    Fault("cut-reset", "It ends in its middle with a reset.", transport.cut_reset),
)

_DROPPED = (
    Fault("close", "The connection is closed without a byte.", transport.close),
    Fault("reset", "The connection is reset without a byte.", transport.reset),
    Fault("html", "A web page with status 200.", contents.html),
)

_CONTENTS = (
    Fault("wrong-type", "The Content-Type is text/plain.", contents.wrong_type, intact=True),
    Fault("truncated-json", "A JSON value breaks off.", contents.truncated_json),
    Fault("empty-choices", "The answer has no choice.", contents.empty_choices),
    Fault("empty-message", "The answer has an empty message.", contents.empty_message),
    Fault("length", "Half of the text; `length`.", contents.length, fits=says_something),
    Fault("refusal", "The model refuses.", contents.refusal),
    Fault("content-filter", "Half of the text; `content_filter`.", contents.content_filter),
    Fault("wrong-model", "Another model answers.", contents.wrong_model, intact=True),
    Fault("duplicated", "All comes twice.", contents.duplicated, fits=says_something),
    Fault(
        "doubled-end",
        "The end of the stream comes twice.",
        contents.doubled_end,
        intact=True,
        fits=is_streamed,
    ),
    Fault("usage-missing", "Nothing is said of usage.", contents.usage_missing, intact=True),
    Fault(
        "usage-absurd",
        "The usage is said to be a trillion tokens.",
        contents.usage_absurd,
        intact=True,
        lies=True,
    ),
    Fault("tool-call", "A tool is called, with broken arguments.", contents.tool_call),
    Fault(
        "thinking",
        "Reasoning stands before it, in think tags.",
        told(contents.thinking),
        intact=True,
    ),
    Fault("text-behind", "Words stand behind it.", told(contents.text_behind), intact=True),
    Fault("fenced", "JSON stands in a fence.", told(contents.fenced), intact=True, fits=is_json),
    Fault("single-quotes", "JSON has single quotes.", told(contents.single_quotes), fits=is_json),
    Fault("missing-brace", "JSON lacks its end.", told(contents.missing_brace), fits=is_json),
    Fault("comments", "JSON has a comment in it.", told(contents.comments), fits=is_json),
)


_UNANSWERED = tuple(replace(fault, worked=False) for fault in (*_STATUSES, *_DROPPED))

FAULTS: Mapping[str, Fault] = {f.name: f for f in (*_UNANSWERED, *_TRANSPORT, *_CONTENTS)}


def named(name: str) -> Fault:
    """A fault by its name; UsageError where there is none."""
    if name not in FAULTS:
        near = difflib.get_close_matches(name, FAULTS, 1)
        hint = f" (did you mean `{near[0]}`?)" if near else ""
        raise UsageError(f"There is no fault `{name}`{hint}; --list shows them.")
    return FAULTS[name]
