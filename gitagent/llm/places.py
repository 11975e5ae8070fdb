"""Where models can be asked: the user's own endpoints, the well-known ones, and servers here."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from gitagent.config import Config
from gitagent.rows import Provider

PROBE_SECONDS = 0.3

SERVERS = (
    Provider("ollama", "http://127.0.0.1:11434/v1"),
    Provider("llamacpp", "http://127.0.0.1:8080/v1"),
)
"""What listens on its usual port needs no configuration."""


def providers(config: Config, environ: Mapping[str, str]) -> tuple[Provider, ...]:
    """All that may stand before the slash of PROVIDER/NAME, the user's own first."""
    own = {provider.name for provider in config.providers}
    built_in = (p for p in (*with_keys(environ), *SERVERS) if p.name not in own)
    return (*config.providers, *built_in)


def with_keys(environ: Mapping[str, str]) -> tuple[Provider, ...]:
    """The endpoints that a key alone is enough for, with the model that they are used for."""
    openai_url = environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
    official = urlsplit(openai_url).hostname == "api.openai.com"
    default = "gpt-5-mini" if official else ""
    return (
        Provider("openai", openai_url, "OPENAI_API_KEY", default),
        Provider(
            "openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", "qwen/qwen3-coder"
        ),
    )


def listens(url: str) -> bool:
    """Whether anything answers at the port of an address."""
    parts = urlsplit(url)
    try:
        address = (parts.hostname or "", parts.port or 80)
        with socket.create_connection(address, PROBE_SECONDS):
            return True
    except (OSError, ValueError):
        return False
