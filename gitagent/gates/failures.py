"""What failing commands say, as far as somebody who repairs the tree has to read it."""

from __future__ import annotations

from collections.abc import Sequence

from gitagent.domain.verdict import CommandRun
from gitagent.gates.trim import trim


def failures(runs: Sequence[CommandRun], characters: int) -> str:
    """The outputs of the commands that failed, together within so many characters."""
    return said([run for run in runs if run.failed and "failed" in run.tests.values()], characters)


def said(runs: Sequence[CommandRun], characters: int) -> str:
    """The outputs of these commands, each under its name where there are several."""
    share = characters // max(1, len(runs))
    titled = len(runs) > 1
    return "\n".join(
        (f"$ {run.name}\n" if titled else "") + trim(run.output, share - len(run.name) - 4)
        for run in runs
    )
