"""Two processes and one task: one works, the other says who has it; a woken one changes nothing."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from bench import refs
from forking import Ended
from story import RESUME, TASK, Model, Scene, Stage, until
from walk import KILLED, Walkers, compared, told
from walks import own_refs, stops

from gitagent.domain.run import Run
from gitagent.errors import Conflict
from gitagent.git.log import TaskLog, history
from gitagent.git.repository import GitRepo
from gitagent.processes import is_stopped, this_process
from gitagent.testing.repositories import git
from gitagent.testing.scripted import Item

MANY = 20


class Patient(Model):
    """Waits with the answer to its `nth` question (from 1) until it is let go."""

    def __init__(self, nth: int) -> None:
        super().__init__()
        self._left = nth
        self._lock = threading.Lock()
        self.asked = threading.Event()
        self.go = threading.Event()

    def __call__(self, asked: dict[str, Any]) -> Item:
        with self._lock:
            self._left -= 1
            waits = self._left == 0
            answer = super().__call__(asked)
        if waits:
            self.asked.set()
            assert self.go.wait(60)
        return answer


@contextmanager
def patient(stage: Stage, name: str, nth: int) -> Iterator[tuple[Scene, Patient]]:
    model = Patient(nth)
    with stage.scene(name, model=model) as scene:
        try:
            yield scene, model
        finally:
            model.go.set()


def test_of_twenty_resumes_one_works(stage: Stage) -> None:
    """The others end with 8, name the process that has the task, and make no call."""
    with patient(stage, "twenty", 3) as (scene, model):
        assert scene.run(*TASK, GITAGENT_FAILPOINT="edits not applied: kept").code == KILLED
        before = len(scene.asked)
        at_work = [scene.start(*RESUME, scene.task_id) for _ in range(MANY)]
        ended: dict[int, Ended] = {}
        until(model.asked.is_set)

        def others_are_through() -> bool:
            for pid in set(at_work) - ended.keys():
                if (end := scene.forks.ended(pid)) is not None:
                    ended[pid] = end
            return len(ended) == MANY - 1

        until(others_are_through, 60)
        (holder,) = set(at_work) - ended.keys()
        assert len(scene.asked) == before + 1
        model.go.set()
        worked = scene.forks.wait(holder)
        assert compared(stage.whole, scene, worked) == []
        assert len(scene.asked) == len(stage.whole.asked)
        assert {end.code for end in ended.values()} == {8}
        assert all(f"process {holder} " in end.err for end in ended.values())
        assert scene.changes == []
        assert scene.state.epoch == 2


def test_two_tasks_in_one_repository(stage: Stage) -> None:
    """Both are done, each on a branch of its own."""
    with stage.scene("parallel", model=lambda asked: Model()(asked)) as scene:
        words = ("task", "fix it", *TASK[2:], "--plan", "never")
        both = [scene.start(*words) for _ in range(2)]
        assert [scene.forks.wait(pid).code for pid in both] == [0, 0]
        branches = refs(scene.folder, "refs/heads/agent/")
        assert len(branches) == 2
        trees = {git(scene.folder, "rev-parse", f"{name}^{{tree}}") for name in branches}
        assert [*trees] == [f"{stage.whole.trees[0]}\n"]
        assert len(refs(scene.folder, "refs/gitagent/")) == 2
        assert scene.changes == []
        assert scene.faults == ""


def test_one_that_is_stopped_in_a_call_is_overtaken(stage: Stage) -> None:
    """The second says from whom it took over and finishes; the first, woken, ends with 8."""
    with patient(stage, "stopped", 3) as (scene, model):
        first = scene.start(*TASK)
        until(model.asked.is_set)
        os.kill(first, signal.SIGSTOP)
        until(lambda: is_stopped(first))
        second = scene.run(*RESUME, scene.task_id)
        assert f"process {first} " in second.err
        assert "is stopped" in second.err
        assert compared(stage.whole, scene, second) == []
        _woken(scene, first, model)


def test_one_that_is_stopped_anywhere_and_woken(at_once: Walkers, everything: bool) -> None:
    """It is overtaken, and changes nothing more; or it has the lock, and goes on."""
    walked = stops(at_once, everything=everything)
    assert told(walked) == ""


@pytest.mark.parametrize("place", ["call answered: written", "ended: written"])
def test_one_that_is_stopped_with_an_event_in_its_hand_is_overtaken(
    stage: Stage, place: str
) -> None:
    """What it had written and not yet put into the log stays out of it."""
    with stage.scene(place.replace(" ", "_")) as scene:
        first = scene.start(*TASK, GITAGENT_FAILPOINT=f"{place}!stop")
        until(lambda: is_stopped(first))
        second = scene.run(*RESUME, scene.task_id)
        assert compared(stage.whole, scene, second) == []
        _woken(scene, first)


def _woken(scene: Scene, first: int, model: Patient | None = None) -> None:
    """The first run goes on: it ends with 8, says who has the task, and has changed nothing."""
    before = own_refs(scene.folder)
    asked = len(scene.asked)
    os.kill(first, signal.SIGCONT)
    if model is not None:
        model.go.set()
    ended = scene.forks.wait(first)
    assert ended.code == 8, ended.err
    assert "has gone on in run 2" in ended.err
    assert own_refs(scene.folder) == before
    assert len(scene.asked) == asked
    assert scene.changes == []
    assert scene.faults == ""


@pytest.mark.parametrize("place", ["ref locked#9", "branch moved, log not yet"])
def test_one_that_is_stopped_with_the_lock_keeps_it(stage: Stage, place: str) -> None:
    """Nobody can take over where a living process holds the lock: the other says so, changes
    nothing, and works once the first is dead."""
    with stage.scene(place.replace(" ", "_").replace("#", "-")) as scene:
        first = scene.start(*TASK, GITAGENT_FAILPOINT=f"{place}!stop")
        until(lambda: is_stopped(first))
        before = own_refs(scene.folder)
        second = scene.run(*RESUME, scene.task_id)
        assert second.code == 8, second.err
        assert f"process {first} of gitagent, which is stopped" in second.err
        assert own_refs(scene.folder) == before
        os.kill(first, signal.SIGKILL)
        assert scene.forks.wait(first).code == KILLED
        third = scene.run(*RESUME, scene.task_id)
        assert compared(stage.whole, scene, third) == []
        assert scene.changes == []


def test_one_that_is_stopped_with_the_lock_and_woken_goes_on(stage: Stage) -> None:
    """It never lost the task, so it finishes it."""
    with stage.scene("goes-on") as scene:
        first = scene.start(*TASK, GITAGENT_FAILPOINT="branch moved, log not yet!stop")
        until(lambda: is_stopped(first))
        second = scene.start(*RESUME, scene.task_id)
        until(lambda: _waits_for_lock(scene))
        os.kill(first, signal.SIGCONT)
        ended = scene.forks.wait(first)
        other = scene.forks.wait(second)
        assert sorted((ended.code, other.code)) == [0, 8], (ended.err, other.err)
        winner = ended if ended.code == 0 else other
        assert compared(stage.whole, scene, winner) == []
        assert scene.changes == []


def _waits_for_lock(scene: Scene) -> bool:
    """Whether a second process has the file of the state's lock open."""
    place = f"refs%2Fgitagent%2F{scene.task_id}"
    return sum(place in link for link in _open_files()) >= 2


def _open_files() -> Iterator[str]:
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            yield os.readlink(link)  # noqa: PTH115 - it may be no path
        except OSError:
            continue


def test_one_that_was_overtaken_does_not_settle_the_branch(stage: Stage) -> None:
    """Where the branch belongs is the later run's to say: it may have been dropped since."""
    with stage.scene("settling") as scene:
        assert scene.run(*TASK, GITAGENT_FAILPOINT="call reserved: kept#6").code == KILLED
        first, second = (TaskLog.load(GitRepo.open(scene.folder), scene.task_id) for _ in "12")
        second.begin(Run(2, this_process(), "2026-01-01T00:00:00.000+00:00"))
        git(scene.folder, "update-ref", "-d", f"refs/heads/{first.state.task.branch}")
        with pytest.raises(Conflict, match="has gone on in run 2"):
            first.settle()
        assert not refs(scene.folder, "refs/heads/agent/")
        assert "is there again" in second.settle()


def test_a_run_that_was_overtaken_is_in_the_log_and_charged(stage: Stage) -> None:
    """The call of which nobody has the answer stays on record at its worst price."""
    with patient(stage, "charged", 2) as (scene, model):
        first = scene.start(*TASK)
        until(model.asked.is_set)
        os.kill(first, signal.SIGSTOP)
        until(lambda: is_stopped(first))
        assert scene.run(*RESUME, scene.task_id).code == 0
        _woken(scene, first, model)
        state = scene.state
        assert [call.status for call in state.calls].count("reserved") == 1
        kinds = [event.epoch for event, _ in history(GitRepo.open(scene.folder), state.task.id)]
        assert kinds == sorted(kinds, reverse=True)
