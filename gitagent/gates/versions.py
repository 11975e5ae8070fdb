"""Says for people what a command of the gate runs, with the version of the program behind it.

Only programs outside of the checkout are asked: one inside may have come with the repository.
"""

from __future__ import annotations

import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path

from gitagent.domain.verdict import GateCommand

_PROGRAM = re.compile(r"\b(?P<name>node|bun) of (?P<path>/\S+)")
_VERSION = re.compile(r"\d+(?:\.\d+)+")
_SECONDS = 10.0


def shown(command: GateCommand, checkout: Path | None) -> str:
    """`vitest packages/a (vitest 3.2.4, node 20.20.2 of /usr/bin/node)`."""

    def versioned(found: re.Match[str]) -> str:
        path = Path(found["path"])
        foreign = checkout is not None and path.resolve().is_relative_to(checkout.resolve())
        version = "" if foreign else _version(str(path))
        return f"{found['name']} {version}".strip() + f" of {path}"

    tool = _PROGRAM.sub(versioned, command.tool) or command.argv[0]
    return f"{command.name} ({tool})"


@lru_cache(maxsize=8)
def _version(program: str) -> str:
    try:
        asked = subprocess.run(
            [program, "--version"],
            cwd="/",
            env={"PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    found = _VERSION.search(asked.stdout)
    return found[0] if found else ""
