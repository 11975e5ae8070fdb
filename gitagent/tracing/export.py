"""Sends spans by OTLP over HTTP. They keep their own ids, so that what is sent twice is the same.

The run is over by then, and nothing of it may depend on a collector: whatever goes wrong is one
sentence, and a collector that does not answer costs two seconds.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gitagent.domain.span import Span
from gitagent.tracing.asked import endpoint, headers, protocol
from gitagent.tracing.readable import readable

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

PATIENCE_S = 2.0
LIBRARY = "opentelemetry"
MISSING = "OTEL_* asks for traces; to send them: pip install 'gitagent[otel]'."
GRPC = "OTEL_* asks for OTLP over gRPC; gitagent speaks it over HTTP only and sent no trace."


def export(
    spans: Sequence[Span],
    trace_id: str,
    environ: Mapping[str, str],
    hide: Callable[[str], str],
) -> str:
    """Send the spans of one trace; empty, or a sentence that says why they did not arrive.

    `hide` takes the secrets out of a text.
    """
    if protocol(environ) == "grpc":
        return GRPC
    try:
        made = readable(spans, trace_id, environ, hide)
    except ImportError:
        return MISSING
    complaints = _Complaints()
    thread = threading.Thread(target=_send, args=(made, environ, complaints), daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    where = urlsplit(endpoint(environ)).netloc.rpartition("@")[2]
    if thread.is_alive():
        return f"The trace did not arrive at {where} within {PATIENCE_S:.0f} s."
    if complaints.said:
        return f"The trace did not arrive at {where}: {hide(complaints.said[-1])}"
    return ""


class _Complaints(logging.Handler):
    """Keeps what the library says, which would otherwise stand in the middle of our own words."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def _send(made: Sequence[ReadableSpan], environ: Mapping[str, str], to: _Complaints) -> None:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import SpanExportResult
    from opentelemetry.util.re import parse_env_headers

    library = logging.getLogger(LIBRARY)
    library.addHandler(to)
    try:
        exporter = OTLPSpanExporter(
            endpoint=endpoint(environ),
            headers=parse_env_headers(headers(environ), liberal=True),
            timeout=PATIENCE_S,
        )
        if exporter.export(made) is SpanExportResult.SUCCESS:
            to.said.clear()
    except Exception as error:  # noqa: BLE001  in a thread of its own: nobody else would say it
        to.said.append(f"{type(error).__name__}: {error}")
