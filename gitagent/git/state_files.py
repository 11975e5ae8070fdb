"""A task's state as files of a tree, and back. One file a fact, so that git's diffs can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from gitagent.domain.ask import Answer
from gitagent.domain.call import Call
from gitagent.domain.codec import from_json, to_json
from gitagent.domain.context import Context, StepContext
from gitagent.domain.plan import Plan
from gitagent.domain.run import Run
from gitagent.domain.task import Attempt, Checkpoint, Task, TaskState
from gitagent.domain.verdict import CommandRun
from gitagent.errors import Conflict, Ending

T = TypeVar("T")

EMPTY: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True)
class _Ended:
    ending: Ending | None
    message: str = ""
    seconds: float = 0.0


class Files(Protocol):
    def names(self, folder: str) -> list[str]: ...

    def read(self, name: str) -> bytes | None: ...


def encode(
    state: TaskState, before: TaskState | None = None, files: Mapping[str, bytes] = EMPTY
) -> dict[str, bytes]:
    """File name to JSON, for every fact that is known.

    `files` are those of the state `before`: a fact that both have is not encoded again, so that an
    event costs what it adds and not what the task has come to.
    """
    known = {} if before is None else _facts(before)
    encoded = {
        name: files[name] if name in files and known.get(name) is fact else to_json(fact)
        for name, fact in _facts(state).items()
        if fact is not None
    }
    ended = _Ended(state.ending, state.message, state.seconds)
    if ended != _Ended(None):
        encoded["ending.json"] = to_json(ended)
    return encoded


def _facts(state: TaskState) -> dict[str, Any]:
    """What the state is made of, by the name of its file; None for what is not known yet."""
    facts: dict[str, Any] = {
        "task.json": state.task,
        "context.json": state.context,
        "plan.json": state.plan,
        "base.json": state.base_runs,
        "delivery.json": state.delivery or None,
        "answer.json": state.answer,
        "shown.json": state.shown,
        "part.json": state.part or None,
    }
    facts |= {f"runs/{run.epoch:04}.json": run for run in state.runs}
    facts |= {f"attempts/{a.label}.json": a for a in state.attempts}
    facts |= {f"steps/{c.step}.json": c for c in state.checkpoints}
    facts |= {f"calls/{call.seq:04}.json": call for call in state.calls}
    return facts


def decode(files: Files) -> TaskState:
    """The state that `encode` wrote; Conflict where the files are not ours."""
    ended = _maybe(files, "ending.json", _Ended) or _Ended(None)
    return TaskState(
        task=_read(files, "task.json", Task),
        runs=_all(files, "runs", Run, key=lambda r: r.epoch),
        context=_maybe(files, "context.json", Context),
        plan=_maybe(files, "plan.json", Plan),
        base_runs=_maybe(files, "base.json", tuple[CommandRun, ...]),
        attempts=_all(files, "attempts", Attempt, key=lambda a: (a.step, a.n, a.candidate)),
        checkpoints=_all(files, "steps", Checkpoint, key=lambda c: c.step),
        calls=_all(files, "calls", Call, key=lambda c: c.seq),
        ending=ended.ending,
        message=ended.message,
        seconds=ended.seconds,
        delivery=_maybe(files, "delivery.json", dict[str, Any]) or {},
        answer=_maybe(files, "answer.json", Answer),
        shown=_maybe(files, "shown.json", StepContext),
        part=_maybe(files, "part.json", int) or 0,
    )


def _read(files: Files, name: str, kind: type[T]) -> T:
    data = files.read(name)
    if data is None:
        raise Conflict(f"The state of this task has no {name}.")
    return from_json(data, kind)


def _maybe(files: Files, name: str, kind: type[T]) -> T | None:
    data = files.read(name)
    return None if data is None else from_json(data, kind)


def _all(files: Files, folder: str, kind: type[T], key: Any) -> tuple[T, ...]:
    found = (_read(files, f"{folder}/{name}", kind) for name in files.names(folder))
    return tuple(sorted(found, key=key))
