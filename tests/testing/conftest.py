"""The tasks of a bad day run out of the warm processes of tests/kill."""

from __future__ import annotations

import sys
from pathlib import Path

KILL = str(Path(__file__).resolve().parent.parent / "kill")
if KILL not in sys.path:
    sys.path.append(KILL)
