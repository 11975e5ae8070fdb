"""The straight line from a task to its branch.

Each stage takes the value of the stage before it; the one edge that runs back is a failed verdict
returning to propose. What the log knows already is taken from there, so an interrupted task goes
on by walking the same line again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gitagent import planned
from gitagent.basing import based, beside
from gitagent.domain.call import CHARACTERS_PER_TOKEN, Call
from gitagent.domain.context import Context
from gitagent.domain.event import Kind
from gitagent.domain.plan import Plan, PlanStep
from gitagent.domain.task import Attempt, TaskState
from gitagent.domain.verdict import UNCHECKED, CommandRun, Verdict
from gitagent.domain.want import Seen
from gitagent.ending import to_an_end
from gitagent.errors import ContextOverflow, GateFailed, NoChange
from gitagent.gates.decided import leave
from gitagent.gates.demand import speaks_of_defect
from gitagent.gates.failures import failures
from gitagent.gathering import (
    FAILING_CHARACTERS,
    for_step,
    found,
    gathered,
    to_be_written,
    wanted_tests,
)
from gitagent.line import Line
from gitagent.looking import Looker, rounds, together, with_looked
from gitagent.progress import News
from gitagent.repair import repair
from gitagent.stages.checkpoint import checkpoint
from gitagent.stages.deliver import deliver
from gitagent.stages.plan import plan
from gitagent.stages.propose import opening
from gitagent.stages.rounds import Rounds
from gitagent.tries import Tries

PARTS_AFTER_OVERFLOW = (2, 4)


def run(line: Line) -> TaskState:
    """Walk the line to a named ending, which the log keeps; raises as `to_an_end` does."""
    return to_an_end(line.log, line.hide, lambda: _walk(line))


def _walk(line: Line) -> None:
    if settled := line.log.settle():
        line.tell(News("commit", settled, warning=True))
    runs = based(line)
    _gate_again(line)
    context = gathered(line, runs)
    steps = _plan(line, context, runs)
    context = with_looked(line, line.repo.tree_of(line.task.base), context)
    for step in steps.steps[len(line.log.state.checkpoints) :]:
        _take(line, steps, step, context, runs)
    if line.task.dry_run:
        return
    delivery = deliver(line.log.state, line.rules.deliver, line.write_patches)
    line.log.record(Kind.DELIVERED, line.rules.deliver, delivery=delivery)


def _gate_again(line: Line) -> None:
    """Steps that came from elsewhere are worth what the gate says of them here."""
    for step in line.log.state.checkpoints:
        if step.verdict != UNCHECKED:
            continue
        line.tell(News("gate", f"runs on step {step.step}", passing=True))
        verdict = line.checks.verdict(step.tree, "", beside(line, step.tree))
        judged = {step.step: replace(step, verdict=verdict)}
        line.log.record(
            Kind.JUDGED,
            f"{step.step}: {verdict.kind}",
            about=str(step.step),
            lasted=verdict.seconds,
            checkpoints=tuple(judged.get(c.step, c) for c in line.log.state.checkpoints),
        )
        line.tell(News("gate", f"step {step.step}: {verdict.said}", warning=not verdict.acceptable))
        if not verdict.acceptable:
            raise GateFailed(
                f"Step {step.step}, which came from elsewhere, does not pass the gate here: "
                f"{verdict.reason}.",
                hint="`--gate CMD` names another gate.",
            )


def _plan(line: Line, context: Context, runs: Sequence[CommandRun]) -> Plan:
    if line.log.state.plan is None:
        line.tell(News("plan", "is made", passing=True))
        made, looked = _made_plan(line, context, failures(runs, FAILING_CHARACTERS))
        line.log.record(Kind.PLANNED, f"{len(made.steps)} steps", plan=made, **looked)
    steps = line.log.state.plan or Plan(())
    for step in steps.steps if steps.planned else ():
        line.tell(News("plan", f"{step.n}/{len(steps.steps)} {step.title}"))
    return steps


def _made_plan(line: Line, context: Context, failing: str) -> tuple[Plan, dict[str, Any]]:
    """The plan, and the context with what was looked at for it, where that is another one."""
    tree, model = line.repo.tree_of(line.task.base), line.models["plan"]
    for most in (*_less(context), None):
        looker = Looker(line, model.profile, tree, context.excerpts)
        try:
            made = plan(
                model,
                line.task.text,
                context,
                failing=failing,
                tree=tree,
                mode=line.rules.plan,
                max_steps=line.rules.max_steps,
                another="plan" in line.others,
                rounds=Rounds(rounds(line, model.profile), looker),
            )
            return made, _with_used(line, made, looker.seen)
        except ContextOverflow as error:
            if most is None:
                raise
            line.tell(News("context", f"{error} Less is shown.", warning=True))
            context = found(line, tree, line.task.text, most=most)
    raise AssertionError


def _with_used(line: Line, made: Plan, seen: Sequence[Seen]) -> dict[str, Any]:
    """What the plan has to do with, of what its maker asked to see; the rest is seen no more."""
    said = "\n".join(f"{step.title}\n{step.detail}" for step in made.steps)
    paths = {path for step in made.steps for path in step.paths}
    used = together(each.excerpt for each in seen if each.is_used(said, paths))
    known = line.log.state.context
    return {"context": replace(known, looked=used)} if used and known else {}


def _take(
    line: Line, steps: Plan, step: PlanStep, context: Context, runs: Sequence[CommandRun]
) -> None:
    """One step becomes one commit; GateFailed, NoChange or Refused where it does not."""
    start = line.repo.tree_of(line.log.state.head)
    first = context
    if step.n > 1:
        context = for_step(line, step, start, first)
    tries = repair(line, _tries(line, steps, step, context, runs))
    for most in _less(context):
        if not isinstance(tries.stopped, ContextOverflow):
            break
        line.tell(News("context", f"{tries.stopped} Less is shown.", warning=True))
        context = for_step(line, step, start, first, most)
        shorter = _tries(line, steps, step, context, runs)
        tries = repair(line, tries.with_less(shorter))
    if tries.stopped is not None:
        raise tries.stopped
    if tries.best is None:
        raise tries.trouble or NoChange()
    _commit(line, steps, step, tries.best)
    if tries.accepted is None:
        verdict = tries.best.verdict or Verdict("fail")
        raise GateFailed(
            f"Step {step.n} of {len(steps.steps)} {_not_green(verdict)}: {verdict.reason}.",
            hint=f"The best attempt is on {line.task.branch}, marked `Agent-Gate: fail`."
            + leave(verdict, line.task.id),
        )


def _not_green(verdict: Verdict) -> str:
    if verdict.kind == "weakened":
        return "weakens the tests that decide about it"
    return "did not pass the gate"


def _tries(
    line: Line, steps: Plan, step: PlanStep, context: Context, runs: Sequence[CommandRun]
) -> Tries:
    """A step before its first try, with so much context."""
    start = line.repo.tree_of(line.log.state.head)
    failing = failures(runs, FAILING_CHARACTERS) if step.n == 1 else ""
    tests = ""
    if line.model.profile.weak and failing:
        # it copies the first file that it sees, and the failure says what the test wants
        context = context.code_only()
        tests = wanted_tests(line, start, context, failing)
    dialogue = opening(
        line.task.text,
        steps,
        step,
        context,
        edit_format=line.rules.edit_format,
        failing=failing,
        weak=line.model.profile.weak,
        prove=_to_prove(line, steps, step, runs),
        tests=tests,
    )
    known = [excerpt.path for excerpt in context.excerpts]
    # a step may leave what the task asks for to a later one; the last may not
    demand = line.task.text if step is steps.steps[-1] else ""
    whole = frozenset(excerpt.path for excerpt in context.excerpts if excerpt.whole)
    asks = rounds(line, line.model.profile)
    shown = context.excerpts
    tries = Tries(step.n, start, start, dialogue, known, whole, demand, runs)
    stub = bool(failing) and to_be_written(context) is not None
    return replace(tries, rounds=asks, context=shown, stub=stub)


def _to_prove(line: Line, steps: Plan, step: PlanStep, runs: Sequence[CommandRun]) -> bool:
    """Whether a test is wanted that shows the defect: no test of the base does, but there are."""
    outcomes = {outcome for run in runs for outcome in run.tests.values()}
    told = speaks_of_defect(line.task.text) and step is steps.steps[-1]
    return told and "passed" in outcomes and "failed" not in outcomes


def _less(context: Context) -> list[int]:
    """Tokens of context to try with when so much is too long: half of it, then half of that."""
    shown = sum(len(excerpt.text) for excerpt in context.excerpts) // CHARACTERS_PER_TOKEN
    return [shown // part for part in PARTS_AFTER_OVERFLOW]


def _commit(line: Line, steps: Plan, step: PlanStep, attempt: Attempt) -> None:
    planned.widen(line, step, attempt)
    made = checkpoint(
        line.repo,
        line.task,
        step,
        title=step.title if steps.planned else attempt.subject or step.title,
        of=len(steps.steps),
        parent=line.log.state.head,
        tree=attempt.tree,
        verdict=attempt.verdict or Verdict("none"),
        attempts=attempt.n,
        calls=_answered(line.log.state.calls, step, attempt),
    )
    made = line.log.add_checkpoint(made)
    line.tell(News("commit", f"{made.commit[:10]} {made.title}"))


def _answered(calls: Sequence[Call], step: PlanStep, attempt: Attempt) -> Sequence[Call]:
    """The answered calls of a step, those of the attempt's model last."""
    found = [c for c in calls if c.step == step.n and c.status in ("ok", "length")]
    return sorted(found, key=lambda c: f"{c.provider}/{c.model}" == attempt.model)
