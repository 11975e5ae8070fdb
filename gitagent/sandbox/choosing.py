"""Which sandbox the gate gets, and when it is rather not run at all.

Where nobody watches, what a model has written is not run unguarded because a package is missing:
only the user's own configuration can say so.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gitagent.errors import UsageError
from gitagent.ports import Sandbox
from gitagent.sandbox.bubblewrap import BwrapSandbox, place_for
from gitagent.sandbox.limits import MEGABYTE, Limits
from gitagent.sandbox.plain import PlainSandbox
from gitagent.sandbox.probe import Absent, probe

STRENGTHS = ("auto", "bubblewrap", "plain")
_NO = ("", "0", "false", "no")


@dataclass(frozen=True)
class Surroundings:
    """Where a gate runs: the user's environment and folders, and whether somebody watches.

    `scratch` is a folder of ours, `checkout` the one that the user works in. `closed` are folders
    of the user's own, `covered` those of the repository: no command sees them.
    """

    environ: Mapping[str, str]
    scratch: Path
    checkout: Path | None
    closed: tuple[str, ...]
    covered: tuple[str, ...]
    attended: bool


@dataclass(frozen=True)
class Chosen:
    """A sandbox, and what is to be said of it; empty where all is as it should be."""

    sandbox: Sandbox
    warning: str = ""


def attended(environ: Mapping[str, str], *terminals: bool) -> bool:
    """Whether somebody is there to read a warning: at terminals, and not in CI."""
    return all(terminals) and environ.get("CI", "").lower() in _NO


def chosen(strength: str, around: Surroundings, memory_mb: int = 0) -> Chosen:
    """The sandbox that `gate.sandbox` asks for. UsageError where the gate may not run without.

    `memory_mb` is what its commands may use; 0 leaves it to the machine's size.
    """
    plain = PlainSandbox(around.environ)
    if strength == "plain":
        return Chosen(plain)
    tool = probe(around.environ, around.scratch)
    if not isinstance(tool, Absent):
        checkout = os.path.normpath(around.checkout) if around.checkout else ""
        limits = Limits.of_this_machine()
        if memory_mb:
            limits = replace(limits, memory=memory_mb * MEGABYTE)
        return Chosen(
            BwrapSandbox(
                tool,
                around.scratch,
                place_for(around.checkout),
                checkout,
                around.closed,
                around.covered,
                around.environ,
                limits,
            )
        )
    if strength == "auto" and around.attended:
        return Chosen(
            plain,
            f"{tool.why}: the gate runs with your rights, your network and your files. {tool.hint}",
        )
    raise UsageError(
        f"The gate would run unguarded: {tool.why}.",
        hint=f'{tool.hint} Else allow it in your own configuration (`gate.sandbox = "plain"`, or '
        "GITAGENT_GATE_SANDBOX=plain), or run nothing: --no-gate.",
    )
