"""A question that any task of this repository has had answered is answered out of that task's log.

Where to look is kept in the cache folder, one small file a task, which says for which event of the
task's log it was made: what is missing or out of date there is read from the logs again. What it
says is never believed by itself. An answer counts where the log was written here, still has it, and
its question is the very one that is asked now.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from gitagent.domain.call import Call, Reply, Request
from gitagent.domain.codec import from_json, to_json
from gitagent.domain.task import TaskState
from gitagent.errors import AgentError, Conflict
from gitagent.llm.exchange import identity, reply_name, request_name
from gitagent.llm.ledger import Ledger
from gitagent.ports import Model, ModelProfile

MOST_READ = 200
"""Logs that one run reads anew; what is left is read by the next."""
TASK_ID = "[a-z0-9-]+"
ENDING = ".json"


class KeptLog(Protocol):
    """What must be known of another task's log; `local` is whether it was written here."""

    @property
    def state(self) -> TaskState: ...

    @property
    def local(self) -> bool: ...

    def read(self, name: str) -> bytes | None: ...


class AnswersModel:
    """Wraps a model; asks it only what it was not asked before, by any task of the repository.

    Only what is asked at temperature 0 is looked up. `on_taken` is told the task that an answer
    comes from.
    """

    def __init__(
        self,
        inner: Model,
        ledger: Ledger,
        store: AnswerStore,
        *,
        on_taken: Callable[[str], None] = lambda _task_id: None,
    ) -> None:
        self._inner = inner
        self._ledger = ledger
        self._store = store
        self._on_taken = on_taken
        self.profile: ModelProfile = inner.profile

    def complete(self, request: Request) -> Reply:
        if request.temperature:
            return self._inner.complete(request)
        # a repository is not read while another thread writes to it
        with self._ledger.lock:
            found = self._store.find(identity(request, self.profile.ref))
        if found is None:
            return self._inner.complete(request)
        self._on_taken(found.task_id)
        return self._ledger.take(request, self.profile, found.data, found.task_id)


@dataclass(frozen=True)
class Found:
    """An answer as the log of the task that paid for it has it, byte for byte."""

    task_id: str
    data: bytes


@dataclass(frozen=True)
class Place:
    """Where an answer stands: the number of its call, and the SHA-256 of the reply's file."""

    seq: int
    sha256: str


@dataclass(frozen=True)
class Answered:
    """What a task has had answered at the event `tip` of its log: by the question's identity."""

    tip: str
    places: dict[str, Place]


class AnswerStore:
    """Finds answers in the logs of a repository.

    `folder` is the repository's own in the cache, `tips` gives the last event of each task by the
    task's id, `load` a task's log or an AgentError.
    """

    def __init__(
        self,
        folder: Path,
        tips: Callable[[], Mapping[str, str]],
        load: Callable[[str], KeptLog],
    ) -> None:
        self._folder = folder
        self._tips = tips
        self._load = load

    def find(self, wanted: str) -> Found | None:
        """The answer to the question of this identity; None where no log has it."""
        for task_id, place in self._places.get(wanted, ()):
            data = self._verified(wanted, task_id, place)
            if data is not None:
                return Found(task_id, data)
        return None

    @cached_property
    def _places(self) -> Mapping[str, Sequence[tuple[str, Place]]]:
        """Of all tasks, as they stand when the first question is asked."""
        found: dict[str, list[tuple[str, Place]]] = {}
        for task_id, answered in self._tasks():
            for wanted, place in answered.places.items():
                found.setdefault(wanted, []).append((task_id, place))
        return found

    def _tasks(self) -> Iterator[tuple[str, Answered]]:
        tips = {name: tip for name, tip in self._tips().items() if re.fullmatch(TASK_ID, name)}
        read = 0
        for task_id, tip in tips.items():
            answered = self._known(task_id)
            if answered is None or answered.tip != tip:
                if read == MOST_READ:
                    continue
                read += 1
                answered = self._read(task_id, tip)
                self._keep(task_id, answered)
            yield task_id, answered
        self._forget_others(tips)

    def _known(self, task_id: str) -> Answered | None:
        try:
            return from_json(self._file(task_id).read_bytes(), Answered)
        except (OSError, Conflict):
            return None

    def _read(self, task_id: str, tip: str) -> Answered:
        places: dict[str, Place] = {}
        # what cannot be read has no answers, and is not looked at again until it has changed
        with suppress(AgentError):
            log = self._load(task_id)
            for call in log.state.calls if log.local else ():
                data = log.read(reply_name(call.seq))
                if data and (asked := _identity(log, call)):
                    places[asked] = Place(call.seq, hashlib.sha256(data).hexdigest())
        return Answered(tip, places)

    def _verified(self, wanted: str, task_id: str, place: Place) -> bytes | None:
        """The bytes of the reply, where the log is ours and holds this answer to this question."""
        with suppress(AgentError):
            log = self._load(task_id)
            data = log.read(reply_name(place.seq)) if log.local else None
            calls = [call for call in log.state.calls if call.seq == place.seq]
            if data and calls and hashlib.sha256(data).hexdigest() == place.sha256:
                from_json(data, Reply)
                return data if _identity(log, calls[0]) == wanted else None
        return None

    def _keep(self, task_id: str, answered: Answered) -> None:
        """Where that cannot be written, it is read from the log again the next time."""
        path = self._file(task_id)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = path.with_name(f"{path.name}.{os.getpid()}")
            part.write_bytes(to_json(answered))
            part.replace(path)

    def _forget_others(self, tips: Mapping[str, str]) -> None:
        for path in self._folder.glob(f"*{ENDING}"):
            if path.stem not in tips:
                with suppress(OSError):
                    path.unlink()

    def _file(self, task_id: str) -> Path:
        return self._folder / f"{task_id}{ENDING}"


@dataclass(frozen=True)
class _Whom:
    asked: str = ""


def _identity(log: KeptLog, call: Call) -> str:
    """That of the question which the call answers; empty where it is of no use to others."""
    data = log.read(request_name(call.seq)) if call.status == "ok" else None
    if not data:
        return ""
    request = from_json(data, Request)
    asked = from_json(data, _Whom).asked or f"{call.provider}/{call.model}"
    return "" if request.temperature else identity(request, asked)
