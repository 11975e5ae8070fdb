"""Graphviz's own layout, where its program is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

LONGEST_S = 10.0


def drawn(text: str) -> str | None:
    """The SVG that `dot` makes of a text in its language; None where it is not there, takes too
    long or makes no sound SVG of it."""
    program = shutil.which("dot")
    if program is None or not Path(program).is_absolute():
        return None
    try:
        ran = subprocess.run(
            [program, "-Tsvg"], input=text.encode(), capture_output=True, timeout=LONGEST_S
        )
        picture = ran.stdout.decode()
        ElementTree.fromstring(picture)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError, ElementTree.ParseError):
        return None
    return picture if ran.returncode == 0 else None
