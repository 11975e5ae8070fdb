"""One accepted step becomes one commit; the log puts it on the task's branch."""

from __future__ import annotations

from collections.abc import Sequence

from gitagent.domain.call import Call
from gitagent.domain.plan import PlanStep
from gitagent.domain.task import Checkpoint, Task
from gitagent.domain.verdict import Verdict
from gitagent.ports import Repo


def checkpoint(
    repo: Repo,
    task: Task,
    step: PlanStep,
    *,
    title: str,
    of: int,
    parent: str,
    tree: str,
    verdict: Verdict,
    attempts: int,
    calls: Sequence[Call],
) -> Checkpoint:
    """Commit `tree` on `parent`; no ref moves. `calls` are the step's own, for the trailers."""
    made = next((call for call in reversed(calls) if call.attempt == attempts), calls[-1])
    message = f"{title}\n\n{_trailers(task, step.n, of, verdict, calls, made)}"
    commit = repo.commit(tree, [parent], message)
    before = repo.tree_of(parent)
    return Checkpoint(
        step=step.n,
        title=title,
        commit=commit,
        tree=tree,
        model=made.model,
        provider=made.provider,
        attempts=attempts,
        files=tuple(repo.changed_paths(before, tree)),
        verdict=verdict,
        lines=changed_lines(repo.diff(before, tree)),
    )


def changed_lines(diff: str) -> int:
    """How many lines a unified diff adds and removes."""
    inside, count = False, 0
    for line in diff.split("\n"):
        if line.startswith(("diff --git ", "@@")):
            inside = line.startswith("@@")
        elif inside and line[:1] in ("+", "-"):
            count += 1
    return count


def _trailers(
    task: Task, n: int, of: int, verdict: Verdict, calls: Sequence[Call], made: Call
) -> str:
    tokens_in = sum(call.prompt_tokens for call in calls)
    tokens_out = sum(call.completion_tokens for call in calls)
    trailers = {
        "Agent-Task": task.id,
        "Agent-Step": f"{n}/{of}",
        "Agent-Model": f"{made.provider}/{made.model}",
        "Agent-Gate": _gate(verdict),
        "Agent-Tokens": f"{tokens_in}/{tokens_out}",
        "Agent-Cost": f"{sum(call.cost_usd for call in calls):.6f}",
        "Agent-Trace": task.trace_id,
    }
    # a model's name comes from outside: it must not bring lines of its own
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in trailers.items())


def _gate(verdict: Verdict) -> str:
    """`pass`, `fail` or `none`: a trailer tells green from not green, the log says why."""
    tests = len(verdict.passed)
    kind = verdict.kind if verdict.acceptable else "fail"
    return f"{kind} ({tests} tests)" if tests else kind
