"""The slow imports of a model call, to be made in a thread while the gate runs on the base."""

from __future__ import annotations


def load() -> None:
    import genai_prices  # noqa: F401
    import openai  # noqa: F401
