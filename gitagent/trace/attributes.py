"""What a span says of its work: a few plain values out of the task's state, none of them a text of
the task, of the code or of a model."""

from __future__ import annotations

from collections.abc import Sequence

from gitagent.domain.call import Call
from gitagent.domain.context import Context
from gitagent.domain.span import Attribute
from gitagent.domain.task import Checkpoint
from gitagent.domain.verdict import CommandRun, Verdict

OUTCOMES = ("passed", "failed", "skipped")
LISTS = ("passed", "fixed", "broken", "still_failing", "skipped", "vanished")


def of_call(call: Call) -> dict[str, Attribute]:
    """Costs in USD; of a call whose end is not known, what is reserved for it."""
    of: dict[str, Attribute] = {
        "phase": call.phase,
        "provider": call.provider,
        "model": call.model,
        "status": call.status,
        "tokens_in": call.prompt_tokens,
        "tokens_out": call.completion_tokens,
        "tokens_cached": call.cached_tokens,
        "cost_usd": call.cost_usd,
        "retries": call.retries,
        "from_journal": call.from_journal,
    }
    if call.first_token_seconds is not None:
        of["first_token_seconds"] = call.first_token_seconds
    if call.request_id:
        of["request_id"] = call.request_id
    if call.error:
        of["error"] = call.error
    return of


def of_base(runs: Sequence[CommandRun] | None) -> dict[str, Attribute]:
    """How many tests passed, failed and were skipped on the base."""
    outcomes = [outcome for run in runs or () for outcome in run.tests.values()]
    return {kind: outcomes.count(kind) for kind in OUTCOMES if kind in outcomes}


def of_context(context: Context | None) -> dict[str, Attribute]:
    return {"files": len(context.excerpts)} if context else {}


def of_verdict(said: str, verdict: Verdict | None) -> dict[str, Attribute]:
    """What was said and, where the state still says the same, how many tests are behind it."""
    of: dict[str, Attribute] = {"verdict": said}
    if verdict is not None and verdict.kind == said:
        of |= {name: len(tests) for name in LISTS if (tests := getattr(verdict, name))}
    return of


def of_checkpoint(made: Checkpoint | None) -> dict[str, Attribute]:
    return {"commit": made.commit, "verdict": made.verdict.kind} if made else {}
