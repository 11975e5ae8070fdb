"""The environment of the processes that the index starts: the same packages, and nothing more."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# what a Python process and its libraries need; keys of the user's are not among it
_PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


def environment() -> dict[str, str]:
    """Packages are found as here, but for folders named from where we stand: a repository's."""
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    found = (path for path in sys.path if Path(path).is_absolute())
    return {**passed, "PYTHONPATH": os.pathsep.join(found)}
