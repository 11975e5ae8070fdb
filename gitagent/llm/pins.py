"""What `--model` says: one model for every job, or one for a job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from gitagent.domain.call import Job
from gitagent.errors import UsageError

JOBS: tuple[Job, ...] = get_args(Job)


def pins(wanted: Sequence[str]) -> dict[Job, str]:
    """Which job is to be done by which model, out of PROVIDER/NAME (all) and JOB=PROVIDER/NAME.

    Whoever writes code repairs it, too, unless that job is named by itself. Raises UsageError for
    an unknown job and for two models for one.
    """
    found: dict[Job, str] = {}
    said: dict[Job | None, str] = {}
    for one in filter(None, wanted):
        job, name = _split(one)
        if said.setdefault(job, name) != name:
            raise UsageError(f"`--model` names two models for {job or 'every job'}.")
    for job in sorted(said, key=lambda each: (each is not None, each != "code")):
        jobs = JOBS if job is None else ("code", "repair") if job == "code" else (job,)
        found |= dict.fromkeys(jobs, said[job])
    return found


def _split(one: str) -> tuple[Job | None, str]:
    before, equals, name = one.partition("=")
    if not equals or "/" in before:
        return None, one
    for job in JOBS:
        if job == before:
            return job, name
    raise UsageError(
        f"`{before}` is no job that a model is chosen for.",
        hint=f"Write --model JOB=PROVIDER/NAME with one of: {', '.join(JOBS)}.",
    )
