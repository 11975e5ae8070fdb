"""What came of a replay as one document, for `--json` and for whatever is printed of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from gitagent.domain.call import Call
from gitagent.domain.task import Attempt, TaskState
from gitagent.replay.course import Findings
from gitagent.replay.walk import Replay


def document(found: Replay) -> dict[str, Any]:
    """`rebuilt` is the tree that was made now, None where the replay did not come so far."""
    recorded, findings = found.recorded, found.findings
    return {
        "id": recorded.task.id,
        "same": found.same,
        "ending": recorded.ending,
        "runs": [{"epoch": past.run.epoch, "model": past.run.model} for past in found.runs],
        "steps": [_step(n, recorded, findings) for n in _numbers(recorded)],
        "calls": [_call(call, findings) for call in recorded.calls],
        "differences": [asdict(difference) for difference in findings.differences],
    }


def _numbers(state: TaskState) -> list[int]:
    """The steps that were begun."""
    return sorted({a.step for a in state.attempts} | {c.step for c in state.checkpoints})


def _step(n: int, state: TaskState, findings: Findings) -> dict[str, Any]:
    """A step that was not committed has no tree of its own."""
    made = next((c for c in state.checkpoints if c.step == n), None)
    titles = {step.n: step.title for step in state.plan.steps} if state.plan else {}
    return {
        "n": n,
        "title": made.title if made else titles.get(n, ""),
        **_trees(made.tree if made else None, findings.steps.get(n)),
        "attempts": [_attempt(a, findings) for a in state.attempts if a.step == n],
    }


def _attempt(attempt: Attempt, findings: Findings) -> dict[str, Any]:
    """A reply that did not fit has an empty tree."""
    beside = {"candidate": attempt.candidate} if attempt.candidate else {}
    return {"n": attempt.n, **beside, **_trees(attempt.tree, findings.tries.get(attempt.label))}


def _trees(recorded: str | None, rebuilt: str | None) -> dict[str, Any]:
    return {"tree": recorded, "rebuilt": rebuilt, "same": recorded == rebuilt}


def _call(call: Call, findings: Findings) -> dict[str, Any]:
    asked = findings.asked.get(call.seq)
    return {
        "seq": call.seq,
        "phase": call.phase,
        "step": call.step,
        "attempt": call.attempt,
        "status": call.status,
        "prompt": "not asked" if asked is None else "same" if asked else "differs",
    }
