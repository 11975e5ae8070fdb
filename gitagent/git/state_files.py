"""A task's state as files of a tree, and back. One file a fact, so that git's diffs can be read."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from gitagent.domain.call import Call
from gitagent.domain.context import Context
from gitagent.domain.plan import Plan
from gitagent.domain.task import Attempt, Checkpoint, Task, TaskState
from gitagent.domain.verdict import CommandRun
from gitagent.errors import Conflict, Ending

T = TypeVar("T")


class Files(Protocol):
    def names(self) -> list[str]: ...

    def read(self, name: str) -> bytes | None: ...


def encode(state: TaskState) -> dict[str, bytes]:
    """File name to JSON, for every fact that is known."""
    facts: dict[str, Any] = {
        "task.json": state.task,
        "context.json": state.context,
        "plan.json": state.plan,
        "base.json": state.base_runs,
        "delivery.json": state.delivery or None,
        "ending.json": {"ending": state.ending, "message": state.message} if state.ending else None,
    }
    facts |= {f"attempts/{a.step}.{a.n}.json": a for a in state.attempts}
    facts |= {f"steps/{c.step}.json": c for c in state.checkpoints}
    facts |= {f"calls/{call.seq:04}.json": call for call in state.calls}
    return {name: to_json(fact) for name, fact in facts.items() if fact is not None}


def decode(files: Files) -> TaskState:
    """The state that `encode` wrote; Conflict where the files are not ours."""
    ending = _maybe(files, "ending.json", dict[str, Any]) or {}
    names = files.names()
    return TaskState(
        task=_read(files, "task.json", Task),
        context=_maybe(files, "context.json", Context),
        plan=_maybe(files, "plan.json", Plan),
        base_runs=_maybe(files, "base.json", tuple[CommandRun, ...]),
        attempts=_all(files, names, "attempts/", Attempt, key=lambda a: (a.step, a.n)),
        checkpoints=_all(files, names, "steps/", Checkpoint, key=lambda c: c.step),
        calls=_all(files, names, "calls/", Call, key=lambda c: c.seq),
        ending=Ending(ending["ending"]) if ending else None,
        message=ending.get("message", ""),
        delivery=_maybe(files, "delivery.json", dict[str, Any]) or {},
    )


def to_json(value: Any) -> bytes:
    """Indented JSON. Names and output that are not UTF-8 keep their place, escaped."""
    import msgspec

    plain = _encodable(msgspec.to_builtins(value))
    return msgspec.json.format(msgspec.json.encode(plain), indent=1)


def from_json(data: bytes, kind: type[T]) -> T:
    import msgspec

    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        raise Conflict(f"The state of this task cannot be read: {error}.") from error


def _encodable(value: Any) -> Any:
    """Lone surrogates stand for bytes that are not UTF-8; JSON cannot carry them."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encodable(item) for item in value]
    return value


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
