"""A task's evidence as one document, for `--json` and for whatever is printed of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from gitagent.domain.ask import is_ask
from gitagent.domain.call import Call
from gitagent.domain.plan import Plan
from gitagent.domain.summary import Summary, Unreadable, totals
from gitagent.domain.task import Attempt, Checkpoint, TaskState
from gitagent.domain.verdict import Verdict
from gitagent.errors import Ending


def document(state: TaskState) -> dict[str, Any]:
    """What `show --json` prints. Money in USD, times in seconds."""
    task = state.task
    return {
        "id": task.id,
        "text": task.text,
        "state": status(state),
        "ending": state.ending,
        "message": state.message,
        "branch": task.branch,
        "base": task.base,
        "head": state.head,
        "trace_id": task.trace_id,
        "created": task.created,
        "steps": [_step(checkpoint, state.plan) for checkpoint in state.checkpoints],
        "tries": [_try(attempt) for attempt in state.attempts],
        "calls": [_call(call) for call in state.calls],
        "totals": asdict(totals(state)),
        "delivery": state.delivery,
    }


def line(found: Summary) -> dict[str, Any]:
    """What `list --json` prints of each task; of a question, that it is one."""
    kind = {"kind": "ask"} if is_ask(found.id) else {}
    return kind | {
        "id": found.id,
        "text": found.text,
        "state": _status(found.ending, dry_run=found.dry_run),
        "ending": found.ending,
        "branch": found.branch,
        "created": found.created,
        "totals": asdict(found.totals),
    }


def unreadable(found: Unreadable) -> dict[str, Any]:
    """What `list --json` prints of a ref that is no task, with the keys of one."""
    return {
        "id": found.id,
        "text": "",
        "state": "unreadable",
        "ending": None,
        "branch": "",
        "created": "",
        "totals": None,
        "reason": found.reason,
    }


def status(state: TaskState) -> str:
    """`open` until the task has ended."""
    return _status(state.ending, dry_run=state.task.dry_run)


def _status(ending: Ending | None, *, dry_run: bool) -> str:
    if dry_run:
        return "dry-run"
    return "ended" if ending else "open"


def gate(verdict: Verdict) -> dict[str, Any]:
    return {
        "verdict": verdict.kind,
        "reason": verdict.reason,
        "passed": verdict.passed,
        "fixed": verdict.fixed,
        "broken": verdict.broken,
        "still_failing": verdict.still_failing,
        "skipped": verdict.skipped,
        "vanished": verdict.vanished,
        "known": verdict.known,
        "flaky": verdict.flaky,
        "weakened": verdict.weakened,
        "noted": verdict.noted,
        "proofs": verdict.proofs,
        "unproven": verdict.unproven,
    }


def _step(checkpoint: Checkpoint, plan: Plan | None) -> dict[str, Any]:
    planned = next((s for s in plan.steps if s.n == checkpoint.step), None) if plan else None
    return {
        "n": checkpoint.step,
        "title": checkpoint.title,
        "commit": checkpoint.commit,
        "model": f"{checkpoint.provider}/{checkpoint.model}",
        "gate": gate(checkpoint.verdict),
        "attempts": checkpoint.attempts,
        "files": checkpoint.files,
        "lines": checkpoint.lines,
        "planned": {"paths": planned.paths, "lines": planned.lines} if planned else None,
        "also": [asdict(also) for also in planned.also] if planned else [],
    }


def _try(attempt: Attempt) -> dict[str, Any]:
    return {
        "try": attempt.label,
        "model": attempt.model,
        "tree": attempt.tree,
        "verdict": attempt.verdict.kind if attempt.verdict else None,
        "reason": outcome(attempt),
    }


def outcome(attempt: Attempt) -> str:
    """What became of a try, on one line."""
    if attempt.verdict:
        said = attempt.verdict.reason or attempt.verdict.kind
    elif attempt.tree:
        said = "not checked: another candidate passed"
    else:
        said = "; ".join(attempt.problems)
    return said.partition("\n")[0]


def _call(call: Call) -> dict[str, Any]:
    return {
        "seq": call.seq,
        "phase": call.phase,
        "model": call.model,
        "provider": call.provider,
        "status": call.status,
        "prompt_tokens": call.prompt_tokens,
        "completion_tokens": call.completion_tokens,
        "cached_tokens": call.cached_tokens,
        "cost_usd": call.cost_usd,
        "seconds": round(call.seconds, 3),
        "first_token_seconds": call.first_token_seconds,
        "retries": call.retries,
        "from_journal": call.from_journal,
        "error": call.error,
    }
