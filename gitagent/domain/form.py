"""The formats in which a model may write edits; apart, since every command reads the settings."""

from __future__ import annotations

from typing import Literal

EditFormat = Literal["whole", "search-replace", "udiff"]
