"""Our spans as OpenTelemetry has them, with the names of its conventions for generative AI."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from gitagent import __version__
from gitagent.domain.span import Attribute, Span

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, Status

NAME = "gitagent"
SERVICE_NAME, NOBODY = "service.name", "unknown_service"
CONVENTIONS = {
    "provider": "gen_ai.provider.name",
    "requested_model": "gen_ai.request.model",
    "model": "gen_ai.response.model",
    "tokens_in": "gen_ai.usage.input_tokens",
    "tokens_out": "gen_ai.usage.output_tokens",
    "tokens_cached": "gen_ai.usage.cache_read.input_tokens",
    "first_token_seconds": "gen_ai.response.time_to_first_chunk",
}
ANSWERS = ("model", "tokens_in", "tokens_out", "tokens_cached", "first_token_seconds")
"""What only an answer can say of a call."""


def readable(
    spans: Sequence[Span], trace_id: str, environ: Mapping[str, str], hide: Callable[[str], str]
) -> list[ReadableSpan]:
    """The spans of one trace, ready to be sent. ImportError where OpenTelemetry is not here."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanKind

    resource, scope = _resource(environ), InstrumentationScope(NAME, __version__)
    ours = {span.id for span in spans}
    return [
        ReadableSpan(
            name=hide(_name(span)),
            context=_context(trace_id, span.id),
            parent=_context(trace_id, span.parent, remote=span.parent not in ours),
            resource=resource,
            attributes={name: _hidden(value, hide) for name, value in attributes(span).items()},
            kind=SpanKind.CLIENT if span.kind == "call" else SpanKind.INTERNAL,
            status=_status(span, hide),
            start_time=_nanoseconds(span.start),
            end_time=_nanoseconds(span.start) + round(span.seconds * 1e9),
            instrumentation_scope=scope,
        )
        for span in spans
    ]


def attributes(span: Span) -> dict[str, Attribute]:
    """A span's values by their conventional names, where there are such, else under our own."""
    if span.kind != "call":
        return {f"{NAME}.{name}": value for name, value in span.attributes.items()}
    named: dict[str, Attribute] = {"gen_ai.operation.name": "chat"}
    for name, value in span.attributes.items():
        if name == "error" or (name in ANSWERS and span.outcome != "ok"):
            continue
        named[CONVENTIONS.get(name, f"{NAME}.{name}")] = value
    if span.outcome == "error":
        named["error.type"] = str(span.attributes.get("status", "error"))
    return named


def _name(span: Span) -> str:
    """Few different ones: numbers are attributes."""
    if span.kind != "call":
        return span.kind
    model = span.attributes.get("requested_model") or span.attributes.get("model", "")
    return f"chat {model}".rstrip()


def _context(trace_id: str, span_id: str, *, remote: bool = False) -> SpanContext | None:
    from opentelemetry.trace import SpanContext, TraceFlags

    if not span_id:
        return None
    sampled = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(int(trace_id, 16), int(span_id, 16), remote, sampled)


def _status(span: Span, hide: Callable[[str], str]) -> Status:
    """An outcome that nobody has seen is neither good nor bad."""
    from opentelemetry.trace import Status, StatusCode

    if span.outcome == "error":
        return Status(StatusCode.ERROR, hide(str(span.attributes.get("error", ""))) or None)
    return Status(StatusCode.OK if span.outcome == "ok" else StatusCode.UNSET)


def _resource(environ: Mapping[str, str]) -> Resource:
    from opentelemetry.sdk.resources import Resource

    found = Resource.create({"service.version": __version__})
    named = environ.get("OTEL_SERVICE_NAME")
    if named or str(found.attributes.get(SERVICE_NAME, NOBODY)).startswith(NOBODY):
        return found.merge(Resource({SERVICE_NAME: named or NAME}))
    return found


def _hidden(value: Attribute, hide: Callable[[str], str]) -> Attribute:
    return hide(value) if isinstance(value, str) else value


def _nanoseconds(start: str) -> int:
    return round(datetime.fromisoformat(start).timestamp() * 1e9)
