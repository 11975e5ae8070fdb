"""Whether traces are wanted, and where, in the words of the variables that all of OpenTelemetry
shares. They are the user's: a repository cannot set them."""

from __future__ import annotations

from collections.abc import Mapping

DISABLED, EXPORTERS = "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"
ENDPOINT, TRACES_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
HEADERS = ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS")
USUAL = "http://localhost:4318"
PATH = "/v1/traces"


def asked(environ: Mapping[str, str]) -> bool:
    """True where an OTLP endpoint, or the exporter `otlp`, is named and nothing forbids it."""
    exporters = [name.strip() for name in environ.get(EXPORTERS, "").split(",") if name.strip()]
    if environ.get(DISABLED, "").strip().lower() == "true":
        return False
    if exporters:
        return "otlp" in exporters
    return bool(environ.get(TRACES_ENDPOINT) or environ.get(ENDPOINT))


def endpoint(environ: Mapping[str, str]) -> str:
    """The full address: that for traces as it stands, the general one with the usual path."""
    general = environ.get(ENDPOINT) or USUAL
    return environ.get(TRACES_ENDPOINT) or general.rstrip("/") + PATH


def headers(environ: Mapping[str, str]) -> str:
    """Further headers as they are written in the environment: `name=value,name=value`."""
    return _first(environ, HEADERS)


def protocol(environ: Mapping[str, str]) -> str:
    return _first(environ, PROTOCOLS).strip()


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environ[name] for name in names if environ.get(name)), "")
