"""A task's state as files of a tree, and back. One file a fact, so that git's diffs can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from gitagent.domain.call import Call
from gitagent.domain.codec import from_json, to_json
from gitagent.domain.context import Context
from gitagent.domain.plan import Plan
from gitagent.domain.run import Run
from gitagent.domain.summary import summary
from gitagent.domain.task import Attempt, Checkpoint, Task, TaskState
from gitagent.domain.verdict import CommandRun
from gitagent.errors import Conflict, Ending

T = TypeVar("T")

SUMMARY, EVENT = "summary.json", "event.json"


@dataclass(frozen=True)
class _Ended:
    ending: Ending | None
    message: str = ""
    seconds: float = 0.0


class Files(Protocol):
    def names(self) -> list[str]: ...

    def read(self, name: str) -> bytes | None: ...


def encode(state: TaskState) -> dict[str, bytes]:
    """File name to JSON, for every fact that is known."""
    facts: dict[str, Any] = {
        "task.json": state.task,
        SUMMARY: summary(state),
        "context.json": state.context,
        "plan.json": state.plan,
        "base.json": state.base_runs,
        "delivery.json": state.delivery or None,
    }
    ended = _Ended(state.ending, state.message, state.seconds)
    facts["ending.json"] = None if ended == _Ended(None) else ended
    facts |= {f"runs/{run.epoch:04}.json": run for run in state.runs}
    facts |= {f"attempts/{a.step}.{a.n}.json": a for a in state.attempts}
    facts |= {f"steps/{c.step}.json": c for c in state.checkpoints}
    facts |= {f"calls/{call.seq:04}.json": call for call in state.calls}
    return {name: to_json(fact) for name, fact in facts.items() if fact is not None}


def decode(files: Files) -> TaskState:
    """The state that `encode` wrote; Conflict where the files are not ours."""
    ended = _maybe(files, "ending.json", _Ended) or _Ended(None)
    names = files.names()
    return TaskState(
        task=_read(files, "task.json", Task),
        runs=_all(files, names, "runs/", Run, key=lambda r: r.epoch),
        context=_maybe(files, "context.json", Context),
        plan=_maybe(files, "plan.json", Plan),
        base_runs=_maybe(files, "base.json", tuple[CommandRun, ...]),
        attempts=_all(files, names, "attempts/", Attempt, key=lambda a: (a.step, a.n)),
        checkpoints=_all(files, names, "steps/", Checkpoint, key=lambda c: c.step),
        calls=_all(files, names, "calls/", Call, key=lambda c: c.seq),
        ending=ended.ending,
        message=ended.message,
        seconds=ended.seconds,
        delivery=_maybe(files, "delivery.json", dict[str, Any]) or {},
    )


def _read(files: Files, name: str, kind: type[T]) -> T:
    data = files.read(name)
    if data is None:
        raise Conflict(f"The state of this task has no {name}.")
    return from_json(data, kind)


def _maybe(files: Files, name: str, kind: type[T]) -> T | None:
    data = files.read(name)
    return None if data is None else from_json(data, kind)


def _all(files: Files, names: list[str], prefix: str, kind: type[T], key: Any) -> tuple[T, ...]:
    found = (_read(files, name, kind) for name in names if name.startswith(prefix))
    return tuple(sorted(found, key=key))
