"""The task that is killed again and again: all that can happen to one happens in it, once.

A plan of two steps; in the first a reply that does not fit, one that the gate fails and one that
it passes; in the second a provider that is busy at first. The model's answers depend on what it
is asked and on nothing else, so that a run that was killed is answered as a whole one is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bench import FILES, GREEN, TEXT, block, line_of, plan_of
from forking import Ended, Forks

from gitagent.domain.call import Usage
from gitagent.domain.task import TaskState
from gitagent.git.log import TaskLog, history
from gitagent.git.repository import GitRepo
from gitagent.testing import repositories
from gitagent.testing.repositories import git
from gitagent.testing.scripted import Answer, Item, Say, ScriptedServer, Status
from gitagent.testing.snapshot import Snapshot, snapshot

PRICES = '[models."m"]\ninput_price = 1.0\noutput_price = 4.0\n'
WAYS = ("--model", "openai/m", "--plan", "always", "--gate", GREEN, "--budget", "5", "-q")
TASK = ("task", TEXT, *WAYS)
RESUME = ("resume", *WAYS)
ASK = ("ask", "What does add in calc.py do?", "--model", "openai/m", "--budget", "5", "-q")
ANSWER = "It subtracts, which is a mistake (`calc.py:2`)."
USAGE = Usage(1000, 100, 0)
UNFIT = block("calc.py", "def mul(a, b):\n    return a", "def mul(a, b):\n    return a * b")
SECOND = block(
    "calc.py", "def sub(a, b):\n    return a - b", "def sub(a, b):\n    return a - b - 0"
)


class Model:
    """Answers a request of the story; the first call of the second step finds it busy."""

    def __init__(self) -> None:
        self._busy = True

    def __call__(self, asked: dict[str, Any]) -> Item:
        last = asked["messages"][-1]["content"]
        if "# Question" in last:
            return self._say(_answer(last))
        if "Reply with the JSON only" in last:
            return self._say(plan_of("Add in add", "Subtract twice"))
        if "Your step now (2" in last:
            if self._busy:
                self._busy = False
                return Status(503, headers={"Retry-After": "0"})
            return self._say(SECOND)
        if len(asked["messages"]) == 2:
            return self._say(UNFIT)
        return self._say(line_of("+" if "still ends" in last else "*"))

    def _say(self, text: str) -> Say:
        return Say(text, usage=USAGE)


def _answer(asked: str) -> str:
    """What is said to a question: a look-up first, or a note on what is read of everything."""
    if asked.startswith("# Part"):
        return "- it subtracts (calc.py:2)"
    seen = "# What was looked up" in asked or "# Notes on all parts" in asked
    return ANSWER if seen else "READ: calc.py:1-3"


@dataclass
class Scene:
    """One repository of the story beside its model; commands in it are forks of `forks`."""

    folder: Path
    forks: Forks
    server: ScriptedServer
    before: Snapshot

    def run(self, *args: str, **env: str) -> Ended:
        return self.forks(*args, cwd=self.folder, env={**self.server.environment, **env})

    def start(self, *args: str, stopped: bool = False, **env: str) -> int:
        given = {**self.server.environment, **env}
        return self.forks.start(*args, cwd=self.folder, env=given, stopped=stopped)

    @property
    def changes(self) -> list[str]:
        """What is different of all that is the user's; there must be nothing."""
        return self.before.diff(snapshot(self.folder))

    @property
    def asked(self) -> list[str]:
        """What the model was asked, in order."""
        return [json.dumps(call.json["messages"]) for call in self.server.calls]

    @property
    def task_id(self) -> str:
        """The id of the one task; empty where there is none."""
        # no git program for what is asked so often; nobody packs refs here
        found = (self.folder / ".git" / "refs" / "gitagent").glob("*")
        return next((ref.name for ref in found if ref.is_file() and not ref.suffix), "")

    @property
    def state(self) -> TaskState:
        return TaskLog.load(GitRepo.open(self.folder), self.task_id).state

    @property
    def paid(self) -> set[str]:
        """The questions to which the task's log has the answer."""
        log = TaskLog.load(GitRepo.open(self.folder), self.task_id)
        answered = [call.seq for call in log.state.calls if call.status == "ok"]
        kept = (log.read(f"exchange/{seq:04}.request.json") or b"" for seq in answered)
        return {json.dumps(json.loads(request)["messages"]) for request in kept}

    @property
    def events(self) -> list[int]:
        """The numbers of the task's events, oldest first."""
        events = history(GitRepo.open(self.folder), self.task_id)
        return [event.n for event, _ in events][::-1]

    @property
    def trees(self) -> list[str]:
        """The trees of the commits on the task's branch, oldest first."""
        made = git(self.folder, "log", "--reverse", "--format=%T", "--branches=agent/*", "^main")
        return made.split()

    @property
    def left_over(self) -> list[str]:
        """Locks and held room that nobody needs any more."""
        common = self.folder / ".git"
        left = [*common.rglob("*.lock"), *(common / "gitagent" / "room").glob("*")]
        return [str(place.relative_to(common)) for place in left]

    @property
    def faults(self) -> str:
        """What git itself finds wrong with the repository."""
        check = ["git", "fsck", "--strict", "--no-dangling", "--no-progress"]
        done = subprocess.run(check, cwd=self.folder, capture_output=True, text=True)
        return "" if done.returncode == 0 else done.stdout + done.stderr


@dataclass(frozen=True)
class Whole:
    """What the story comes to where nobody is killed."""

    trees: tuple[str, ...]
    asked: tuple[str, ...]
    charged: float
    places: tuple[str, ...]

    @cached_property
    def points(self) -> tuple[str, ...]:
        """Every place of the run as a failpoint, `NAME#N`, in order."""
        return numbered(self.places)


class Stage:
    """Sets up scenes, each out of a copy of the same repository."""

    def __init__(self, folder: Path, forks: Forks) -> None:
        self.folder = folder
        self._forks = forks
        self._template = folder / "template"
        _build(self._template)

    @contextmanager
    def scene(
        self, name: str, template: Path | None = None, *, model: Answer | None = None
    ) -> Iterator[Scene]:
        """A repository of its own, a copy of the template, and a model, the story's by default."""
        folder = self.folder / name
        shutil.copytree(template or self._template, folder, symlinks=True)
        try:
            with ScriptedServer(model or Model()) as server:
                yield Scene(folder, self._forks, server, snapshot(folder))
        finally:
            shutil.rmtree(folder)

    @cached_property
    def whole(self) -> Whole:
        """The story without a kill."""
        with self.scene("whole") as scene:
            places, ended = self.traced(scene, *TASK)
            assert ended.code == 0, ended.err
            assert scene.changes == []
            return Whole(tuple(scene.trees), tuple(scene.asked), scene.state.spent, places)

    def traced(self, scene: Scene, *args: str) -> tuple[tuple[str, ...], Ended]:
        """The places that a command comes by, and how it ended."""
        trace = self.folder / f"trace-{scene.folder.name}"
        ended = scene.run(*args, GITAGENT_FAILPOINT_TRACE=str(trace))
        return tuple(trace.read_text().splitlines()) if trace.exists() else (), ended


def until(holds: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait for something that must come."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def numbered(places: tuple[str, ...]) -> tuple[str, ...]:
    """Each place with how often it was reached until then."""
    seen: dict[str, int] = {}
    points = []
    for place in places:
        seen[place] = seen.get(place, 0) + 1
        points.append(f"{place}#{seen[place]}")
    return tuple(points)


def room(base: Path) -> Path:
    """Where scenes are set up: in memory, where there is room there, for a kill needs no disk."""
    shared = Path("/dev/shm")
    return shared if os.access(shared, os.W_OK) else base


def environment(home: Path) -> Mapping[str, str]:
    """All that the commands have of an environment; `home` is made, with what they need there."""
    config = home / ".config" / "gitagent" / "gitagent.toml"
    config.parent.mkdir(parents=True)
    config.write_text(PRICES)
    identity = home / ".gitconfig"
    identity.write_text("[user]\n\tname = Uma User\n\temail = uma@example.invalid\n")
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(repositories.__file__).parents[2]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(home),
        "TMPDIR": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(identity),
    }


def _build(folder: Path) -> None:
    """A repository with work under way: staged, changed and new files, a hook, another branch."""
    repositories.build(folder, FILES)
    git(folder, "branch", "other")
    git(folder, "tag", "v1")
    (folder / "staged.txt").write_text("staged\n")
    git(folder, "add", "staged.txt")
    (folder / "README.md").write_text("# calc\n\nchanged, not committed\n")
    (folder / "new.txt").write_text("new\n")
    hooks = folder / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("reference-transaction", "post-index-change", "pre-commit", "post-commit"):
        (hooks / name).write_text('#!/bin/sh\necho it ran >> "$GIT_DIR/../canary"\n')
        (hooks / name).chmod(0o755)
