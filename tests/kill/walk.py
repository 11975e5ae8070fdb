"""Kill the story at one place or at several in a row, take it up again, and look what is wrong."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import syscalls
from forking import Ended, forks
from story import RESUME, TASK, Scene, Stage, Whole, environment

from gitagent.git import locks

KILLED = -signal.SIGKILL
CENT = 1e-9


@dataclass(frozen=True)
class Walked:
    """One walk: where it was killed (in vain at places that it did not come by), the calls that
    it made beyond those of a whole run, and what did not hold."""

    points: tuple[str, ...]
    killed: int
    repeated: int
    problems: tuple[str, ...]


def walk(stage: Stage, whole: Whole, points: Sequence[str]) -> Walked:
    """Kill the task at the first point, each resume at the next; then let one go to its end."""
    with stage.scene("-".join(points).replace(" ", "_").replace("*", "any")) as scene:
        problems: list[str] = []
        ended, killed = Ended(KILLED, "", ""), 0
        for point in (*points, ""):
            paid, before = (scene.paid if scene.task_id else set()), len(scene.asked)
            words = (*RESUME, scene.task_id) if scene.task_id else TASK
            # a commit that is made again is another one, as it would be a second later
            ended = run_to(scene, words, point, GIT_COMMITTER_NAME=f"Run {killed + 1}")
            problems += [f"paid twice: {q[-80:]}" for q in scene.asked[before:] if q in paid]
            problems += scene.changes
            if ended.code != KILLED:
                break
            killed += 1
            # of a task that never came to be: `gc` finds it
            if not scene.task_id:
                locks.sweep(scene.folder / ".git")
        found = compared(whole, scene, ended)
        repeated = len(scene.asked) - len(whole.asked)
        return Walked(tuple(points), killed, repeated, (*problems, *found))


def run_to(scene: Scene, words: Sequence[str], point: str, **env: str) -> Ended:
    """Run a command that is killed at a point, if it comes by it; without one, to its end."""
    if point.startswith(syscalls.CALL):
        return syscalls.killed(scene, words, point, **env)
    return scene.run(*words, **env, **({"GITAGENT_FAILPOINT": point} if point else {}))


def compared(whole: Whole, scene: Scene, ended: Ended) -> list[str]:
    """What is different from a run that nobody killed, but for what cannot be the same."""
    if ended.code != 0:
        return [f"ended with {ended.code}: {ended.err[-300:]}"]
    state = scene.state
    in_flight = [call.cost_usd for call in state.calls if call.status == "reserved"]
    wrong = {
        "trees": tuple(scene.trees) != whole.trees,
        "more calls than were in flight": len(scene.asked) > len(whole.asked) + len(in_flight),
        "charged": abs(state.spent - whole.charged - sum(in_flight)) > CENT,
        "a call in flight is not charged": 0.0 in in_flight,
        "runs": [run.epoch for run in state.runs] != list(range(1, state.epoch + 1)),
        "events": scene.events != list(range(1, len(scene.events) + 1)),
        f"left over: {scene.left_over}": bool(scene.left_over),
        scene.faults: bool(scene.faults),
    }
    return [name for name, is_wrong in wrong.items() if is_wrong]


class Walkers:
    """As many walks at a time as there are stages, each stage with commands of its own."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self._stages = stages

    @property
    def stage(self) -> Stage:
        return self._stages[0]

    @property
    def whole(self) -> Whole:
        return self.stage.whole

    def walk(self, jobs: Sequence[Sequence[str]]) -> list[Walked]:
        """The task of the story, killed at each job's points."""
        whole = self.whole
        return self.each(jobs, lambda stage, points: walk(stage, whole, points))

    def each(
        self, jobs: Sequence[Sequence[str]], walk: Callable[[Stage, Sequence[str]], Walked]
    ) -> list[Walked]:
        """Every job, in order of the jobs."""
        free: SimpleQueue[Stage] = SimpleQueue()
        for stage in self._stages:
            free.put(stage)

        def work(job: Sequence[str]) -> Walked:
            stage = free.get()
            try:
                return walk(stage, job)
            finally:
                free.put(stage)

        with ThreadPoolExecutor(len(self._stages)) as pool:
            return list(pool.map(work, jobs))


@contextmanager
def walkers(folder: Path, count: int = 2) -> Iterator[Walkers]:
    """So many walkers in folders of their own, with one home and one server of commands."""
    with forks(environment(folder / "home")) as server:
        stages = [Stage(folder / str(n), server) for n in range(count)]
        yield Walkers(stages)


def told(walks: Sequence[Walked]) -> str:
    """What did not hold, one line each."""
    return "\n".join(f"{w.points}: {p}" for w in walks for p in w.problems)
