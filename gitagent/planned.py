"""What a plan says of the edits of its steps, before they land and once they are kept."""

from __future__ import annotations

from dataclasses import replace

from gitagent.domain.edit import Proposal
from gitagent.domain.plan import Also, Plan, PlanStep
from gitagent.domain.task import Attempt
from gitagent.line import Line
from gitagent.progress import News
from gitagent.stages import scope


def added(line: Line, proposal: Proposal) -> tuple[Also, ...]:
    """What a reply adds to the plan, as it may be kept."""
    return tuple(Also(each.path, line.hide(each.because)) for each in proposal.also)


def beyond(line: Line, step: int, n: int, tree: str, proposal: Proposal) -> dict[str, str]:
    """Why edits of try `n` of a step have to wait for the plan to be changed, by their paths.

    A weak model is not told of the plan's paths, nor held to them: what it changes beside them is
    named to people.
    """
    plan = line.log.state.plan
    if plan is None or not plan.planned or line.model.profile.weak:
        return {}
    # of earlier tries only, and of no other candidate of this one: each is held to its own words,
    # and who goes on after a crash must come to the same tree
    also = [*_added(line, step, n - 1), *proposal.also]
    return scope.beyond(line.repo, tree, plan.steps[step - 1], also, proposal.edits)


def widen(line: Line, step: PlanStep, attempt: Attempt) -> None:
    """Note what a step changes that its plan does not name, to be kept with its checkpoint."""
    plan = line.log.state.plan
    if plan is None or not plan.planned:
        return
    files = line.repo.changed_paths(line.repo.tree_of(line.log.state.head), attempt.tree)
    said = [*_added(line, step.n, attempt.n - 1), *attempt.also]
    wider = scope.widened(step, files, said)
    if wider == step:
        return
    for each in wider.also:
        why = f" because {each.because}" if each.because else ", which the plan does not name"
        line.tell(News("plan", f"{step.n}: also {each.path}{why}", warning=not each.because))
    line.log.note(plan=_with(plan, wider))


def _added(line: Line, step: int, last: int) -> list[Also]:
    """What the tries of a step up to the number `last` added to the plan."""
    tries = line.log.state.attempts
    return [also for each in tries if each.step == step and each.n <= last for also in each.also]


def _with(plan: Plan, step: PlanStep) -> Plan:
    return replace(plan, steps=tuple(step if s.n == step.n else s for s in plan.steps))
