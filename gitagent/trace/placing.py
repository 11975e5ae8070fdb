"""Where in the tree of its run an event belongs, and what is to be said of it there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gitagent.domain.event import Event, Kind
from gitagent.domain.span import Attribute, Outcome, call_span, span_id
from gitagent.domain.task import Attempt, Checkpoint, TaskState
from gitagent.errors import Ending
from gitagent.trace.attributes import of_base, of_call, of_checkpoint, of_context, of_verdict
from gitagent.trace.node import Node


class Known:
    """What the state says of that which an event only names."""

    def __init__(self, state: TaskState) -> None:
        self.state = state
        self.calls = {str(call.seq): call for call in state.calls}
        self.attempts = {f"{each.step}.{each.n}": each for each in state.attempts}
        self.checkpoints = {str(each.step): each for each in state.checkpoints}
        self.runs = {run.epoch: run for run in state.runs}


@dataclass
class Placing:
    """Finds the place of one event in the tree of its run."""

    known: Known
    run: Node
    event: Event
    start: datetime
    end: datetime

    def place(self) -> None:
        """Kinds that are no work of their own, such as a task's creation, have no place."""
        state = self.known.state
        match self.event.kind:
            case Kind.BASE_GATED:
                self._leaf(self.run, "gate", "gate the base", "ok", of_base(state.base_runs))
            case Kind.GATHERED:
                self._leaf(self.run, "context", "context", "ok", of_context(state.context))
            case Kind.PLANNED:
                self._planned()
            case Kind.RESERVED | Kind.ANSWERED | Kind.FAILED:
                self._call()
            case Kind.REUSED:
                self._reused()
            case Kind.APPLIED:
                self._leaf(self._attempt(), "apply", "apply", "ok")
            case Kind.NOT_APPLIED:
                self._not_applied()
            case Kind.JUDGED:
                self._judged()
            case Kind.CHECKPOINT:
                self._checkpoint()
            case Kind.DELIVERED:
                self._leaf(self.run, "deliver", "deliver", "ok")
            case Kind.ENDED:
                self.run.outcome = "ok" if self.event.said == Ending.DONE else "error"
                self.run.attributes["ending"] = self.event.said

    def _leaf(
        self,
        parent: Node,
        kind: str,
        name: str,
        outcome: Outcome,
        attributes: dict[str, Attribute] | None = None,
    ) -> None:
        node = Node(kind, self._id(f"event {self.event.n}"), name, outcome=outcome)
        node.attributes = attributes or {}
        node.cover(self.start, self.end)
        parent.children.append(node)

    def _id(self, about: str) -> str:
        return span_id(self.known.state.task, about)

    def _part(self, parent: Node, kind: str, number: str) -> Node:
        name = f"{kind} {number}".strip()
        about = f"run {self.event.epoch} {name}"
        made = Node(kind, self._id(about), name)
        if number:
            made.attributes[kind] = number
        return parent.child(made)

    def _attempt(self) -> Node:
        step = self.event.about.partition(".")[0]
        return self._part(self._part(self.run, "step", step), "attempt", self.event.about)

    def _around_call(self) -> Node:
        """Where a call belongs: the plan, or an attempt at a step."""
        call = self.known.calls.get(self.event.about)
        if call is None:
            return self.run
        if call.step == 0:
            return self._part(self.run, "plan", "")
        if call.phase == "ask":
            return self._part(self.run, "round", str(call.step))
        step = self._part(self.run, "step", str(call.step))
        return self._part(step, "attempt", f"{call.step}.{call.attempt}")

    def _call(self) -> None:
        call = self.known.calls.get(self.event.about)
        name = f"call {self.event.about} {call.phase if call else ''}".rstrip()
        made = Node("call", call_span(self.known.state.task, self.event.about), name)
        node = self._around_call().child(made)
        node.cover(self.end, self.end)
        node.attributes = of_call(call) if call else {}
        if requested := str(self.run.attributes.get("model", "")).partition("/")[2]:
            node.attributes["requested_model"] = requested
        if self.event.kind is Kind.RESERVED:
            node.outcome = "unknown"
        else:
            node.outcome = "ok" if self.event.kind is Kind.ANSWERED else "error"

    def _reused(self) -> None:
        """What came of an answer that an earlier run had stays true for the run that takes it."""
        around, name = self._around_call(), f"answer {self.event.about} from the log"
        self._leaf(around, "reuse", name, "ok", {"call": self.event.about})
        attempt = self.known.attempts.get(str(around.attributes.get("attempt")))
        if attempt and attempt.verdict:
            around.outcome = "ok" if attempt.verdict.acceptable else "error"

    def _planned(self) -> None:
        node = self._part(self.run, "plan", "")
        node.cover(self.start, self.end)
        node.outcome = "ok"
        if self.known.state.plan:
            node.attributes["steps"] = len(self.known.state.plan.steps)

    def _not_applied(self) -> None:
        attempt = self.known.attempts.get(self.event.about)
        node = self._attempt()
        self._leaf(
            node, "apply", "apply", "error", {"problems": len(attempt.problems)} if attempt else {}
        )
        node.outcome = "error"

    def _judged(self) -> None:
        said = self.event.said.rpartition(": ")[2]
        outcome: Outcome = "error" if said in ("fail", "weakened") else "ok"
        judged: Attempt | Checkpoint | None = self.known.attempts.get(self.event.about)
        if "." in self.event.about:
            node = self._attempt()
        else:  # a step that came from elsewhere is judged as it stands
            node = self._part(self.run, "step", self.event.about)
            judged = self.known.checkpoints.get(self.event.about)
        of = of_verdict(said, judged.verdict if judged else None)
        self._leaf(node, "gate", "gate", outcome, of)
        node.outcome = outcome

    def _checkpoint(self) -> None:
        made = self.known.checkpoints.get(self.event.about)
        failed = made is not None and not made.verdict.acceptable
        step = self._part(self.run, "step", self.event.about)
        self._leaf(step, "checkpoint", "checkpoint", "ok", of_checkpoint(made))
        step.outcome = "error" if failed else "ok"
