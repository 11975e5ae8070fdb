"""The few names of the caller's environment that a command may inherit."""

from __future__ import annotations

import os
from collections.abc import Mapping

_ALLOWED = (
    "PATH", "LANG", "LANGUAGE", "TZ", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_MESSAGES",
    "LC_MONETARY", "LC_NUMERIC", "LC_TIME",
)  # fmt: skip


def inherited(environ: Mapping[str, str], home: str, temporary: str) -> dict[str, str]:
    """What a command starts from: allowed names, a home and a temporary folder of its own."""
    kept = {name: value for name, value in environ.items() if name in _ALLOWED}
    kept.setdefault("PATH", os.defpath)
    return kept | {"TERM": "dumb", "HOME": home, "TMPDIR": temporary}
