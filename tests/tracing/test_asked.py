"""When a trace is exported, and where to: by OpenTelemetry's own variables."""

from __future__ import annotations

import pytest

from gitagent.tracing.asked import asked, endpoint, headers
from gitagent.tracing.export import GRPC, export

GENERAL, TRACES = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({GENERAL: ""}, False),
        ({GENERAL: "http://c"}, True),
        ({TRACES: "http://c"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "console, otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "console", GENERAL: "http://c"}, False),
        ({"OTEL_TRACES_EXPORTER": "none", GENERAL: "http://c"}, False),
        ({"OTEL_SDK_DISABLED": "true", GENERAL: "http://c"}, False),
        ({"OTEL_SDK_DISABLED": "TRUE", "OTEL_TRACES_EXPORTER": "otlp"}, False),
        ({"OTEL_SDK_DISABLED": "false", GENERAL: "http://c"}, True),
    ],
)
def test_who_names_a_place_or_the_exporter_asks(environ: dict[str, str], wanted: bool) -> None:
    """And whoever switches it off does not."""
    assert asked(environ) == wanted


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({}, "http://localhost:4318/v1/traces"),
        ({GENERAL: "http://c:1"}, "http://c:1/v1/traces"),
        ({GENERAL: "http://c:1/base/"}, "http://c:1/base/v1/traces"),
        ({TRACES: "http://t/x", GENERAL: "http://c"}, "http://t/x"),
    ],
)
def test_the_address_follows_the_specification(environ: dict[str, str], place: str) -> None:
    """The general one gets the usual path, that for traces is taken as it stands."""
    assert endpoint(environ) == place


def test_headers_for_traces_go_before_the_general_ones() -> None:
    """They are not added up."""
    general, own = "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"
    assert headers({general: "a=1"}) == "a=1"
    assert headers({general: "a=1", own: "b=2"}) == "b=2"


def test_another_protocol_is_said_and_not_tried() -> None:
    """Protobuf sent to a gRPC port would only be a riddle."""
    environ = {GENERAL: "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    assert export([], "a" * 32, environ, str) == GRPC
