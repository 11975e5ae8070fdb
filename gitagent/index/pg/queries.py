"""The SQL of this folder by name, so that it stands in files that read as SQL."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


def query(name: str) -> str:
    """The text of a query; KeyError where there is none of that name."""
    return _queries()[name]


@cache
def _queries() -> dict[str, str]:
    texts = [file.read_text() for file in Path(__file__).parent.glob("*.sql")]
    parts = [part for text in texts for part in _NAME.split(text)[1:]]
    return dict(zip(parts[::2], map(_bare, parts[1::2]), strict=True))


def _bare(text: str) -> str:
    """Without comments, which are for readers, and the last semicolon."""
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return "\n".join(lines).strip().removesuffix(";")
