"""A dry run works in a throw-away repository that reads the real one's objects."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from gitagent.domain.event import Kind
from gitagent.domain.task import Attempt, Checkpoint, TaskState
from gitagent.git.log import TaskLog
from gitagent.git.repository import Bot, GitRepo
from gitagent.git.writing import writing


def overlay(repo: GitRepo, folder: Path, person: Bot | None = None) -> GitRepo:
    """A bare repository in `folder` that sees all objects of `repo` and keeps what is new.

    What is committed there is by `person`; where nobody is named, by those of `repo`.
    """
    import pygit2

    with writing("The cache folder"):
        made = pygit2.init_repository(str(folder), bare=True)
    alternates = Path(folder, "objects", "info", "alternates")
    alternates.parent.mkdir(parents=True, exist_ok=True)
    alternates.write_bytes(os.fsencode(repo.folder / "objects") + b"\n")
    with suppress(FileNotFoundError):
        shutil.copyfile(repo.folder / "shallow", folder / "shallow")
    if person is None:
        return repo.at(folder)
    made.config["user.name"], made.config["user.email"] = person
    return GitRepo(pygit2.Repository(str(folder)), person)


class CallsLog:
    """Implements ports.Log: the whole state in memory, and only the calls in the real log.

    What a dry run paid for stays on record; nothing else of it does.
    """

    def __init__(self, log: TaskLog) -> None:
        self._log = log
        self.state: TaskState = log.state

    def record(
        self,
        kind: Kind,
        said: str = "",
        *,
        about: str = "",
        lasted: float = 0.0,
        notes: Mapping[str, bytes] | None = None,
        code: Mapping[str, str] | None = None,
        **changes: Any,
    ) -> None:
        self.state = replace(self.state, **changes)
        kept = {name: value for name, value in changes.items() if name in _KEPT}
        if kept:
            self._log.record(kind, said, about=about, lasted=lasted, notes=notes, **kept)

    def note(self, **facts: Any) -> None:
        self.state = replace(self.state, **facts)

    def add_attempt(self, attempt: Attempt) -> None:
        kept = (a for a in self.state.attempts if a.label != attempt.label)
        self.record(Kind.APPLIED, attempts=(*kept, attempt))

    def add_checkpoint(self, checkpoint: Checkpoint) -> Checkpoint:
        self.record(Kind.CHECKPOINT, checkpoints=(*self.state.checkpoints, checkpoint))
        return checkpoint

    def settle(self) -> str:
        return ""

    def read(self, name: str) -> bytes | None:
        return self._log.read(name)


_KEPT = ("calls", "ending", "message", "seconds")
