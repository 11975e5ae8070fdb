"""The walks there are: which places are killed, in a sample or all of them."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import syscalls
from bench import refs
from forking import Ended
from story import RESUME, TASK, Scene, Stage, Whole, numbered, until
from walk import KILLED, Walked, Walkers, compared, run_to

from gitagent.domain.event import Kind
from gitagent.errors import Ending
from gitagent.failpoints import STAGES
from gitagent.git import locks
from gitagent.processes import is_stopped
from gitagent.testing.repositories import git
from gitagent.testing.snapshot import snapshot

CALLS_IN_SAMPLE = 6
STOPS_IN_SAMPLE = 5

BEGUN_AGAIN = (f"{kind}: {stage}" for kind in (Kind.BEGAN, Kind.REUSED) for stage in STAGES)
ONLY_IN_RESUMES = (
    ("ref locked#9", "stale lock removed"),
    *(("verdict: written#2", place) for place in BEGUN_AGAIN),
)
"""What no first run comes by: where it is killed, and where its resume."""

Problems = Callable[[Scene, str, Ended], list[str]]
"""What did not hold, of the scene, the task's id and the end of the second try."""


@contextmanager
def done(at_once: Walkers) -> Iterator[Path]:
    """A repository in which the story is over, to be copied."""
    kept = at_once.stage.folder / "done"
    with at_once.stage.scene("doing") as scene:
        ended = scene.run(*TASK)
        assert ended.code == 0, ended.err
        shutil.copytree(scene.folder, kept, symlinks=True)
    try:
        yield kept
    finally:
        shutil.rmtree(kept)


def tasks(at_once: Walkers, *, everything: bool) -> list[Walked]:
    """A task that is killed once, at each failpoint."""
    points = at_once.whole.points
    return at_once.walk([[point] for point in (points if everything else sample(points))])


def sample(points: Sequence[str]) -> list[str]:
    """A point of every name: for one the first time that it is reached, for the next the last."""
    first, last = {}, {}
    for point in points:
        name = point.rpartition("#")[0]
        first.setdefault(name, point)
        last[name] = point
    return [(first, last)[n % 2][name] for n, name in enumerate(first)]


def resumes(at_once: Walkers, *, everything: bool) -> list[Walked]:
    """A task that is killed, and its resume as well."""
    points = at_once.whole.points
    firsts, seconds = (15, 20) if everything else (2, 3)
    jobs = [
        (first, f"*#{points.index(second) + 1}")
        for first in spread(points, firsts)
        for second in spread(points, seconds)
    ]
    return at_once.walk([*ONLY_IN_RESUMES, *jobs])


def calls(at_once: Walkers, *, everything: bool) -> list[Walked]:
    """A task that is killed as it enters a system call."""
    with at_once.stage.scene("counted") as scene:
        points = syscalls.points(scene, TASK)
    assert len(points) > 100
    return at_once.walk([[p] for p in (points if everything else spread(points, CALLS_IN_SAMPLE))])


def stops(at_once: Walkers, *, everything: bool) -> list[Walked]:
    """A task that is stopped at a failpoint, taken over where that can be, and woken."""
    points = at_once.whole.points
    chosen = points if everything else spread(points, STOPS_IN_SAMPLE)
    whole = at_once.whole
    return at_once.each([[point] for point in chosen], lambda stage, job: _stop(stage, whole, job))


def _stop(stage: Stage, whole: Whole, points: Sequence[str]) -> Walked:
    with stage.scene(f"stop-{points[0]}".replace(" ", "_")) as scene:
        first = scene.start(*TASK, GITAGENT_FAILPOINT=f"{points[0]}!stop")
        until(lambda: is_stopped(first))
        second = scene.run(*RESUME, scene.task_id) if scene.task_id else None
        before = own_refs(scene.folder)
        os.kill(first, signal.SIGCONT)
        woken = scene.forks.wait(first)
        if second is None or second.code == Ending.CONFLICT.exit_code:
            said = second is None or "which is stopped" in second.err
            problems = [] if said else [f"not told who holds it: {second and second.err}"]
            return _told(points, [*problems, *scene.changes, *compared(whole, scene, woken)], scene)
        problems = [] if before == own_refs(scene.folder) else ["the woken one moved a ref"]
        overtaken = scene.state.epoch > 1
        if woken.code != (Ending.CONFLICT.exit_code if overtaken else 0):
            problems.append(f"the woken one ended with {woken.code}: {woken.err}")
        return _told(points, [*problems, *scene.changes, *compared(whole, scene, second)], scene)


def _told(points: Sequence[str], problems: Sequence[str], scene: Scene) -> Walked:
    in_flight = [call for call in scene.state.calls if call.status == "reserved"]
    return Walked(tuple(points), 0, len(in_flight), tuple(problems))


def own_refs(folder: Path) -> dict[str, str]:
    """The refs that a task may move."""
    return refs(folder, "refs/gitagent/", "refs/heads/agent/")


def spread(points: Sequence[str], count: int) -> Sequence[str]:
    """So many points, about as far from each other."""
    step = len(points) // count
    return points[step // 2 :: step][:count]


def drops(at_once: Walkers, done: Path, *, everything: bool) -> list[Walked]:
    """`drop`, killed at each of its places and called again."""

    def dropped(scene: Scene, task_id: str, ended: Ended) -> list[str]:
        gone = ended.code == 2 and "There is no task" in ended.err
        problems = [] if ended.code == 0 or gone else [f"ended with {ended.code}: {ended.err}"]
        left = git(scene.folder, "for-each-ref", f"refs/gitagent/{task_id}", "refs/heads/agent/")
        # the lock of a ref that is gone, or kept for good, is met by no further drop but by `gc`
        locks.sweep(scene.folder / ".git")
        return [*problems, *scene.changes, *scene.left_over, *left.splitlines()]

    return _again(at_once, done, "drop", dropped, everything=everything)


def accepts(at_once: Walkers, done: Path, *, everything: bool) -> list[Walked]:
    """`accept`, killed at each of its places and called again."""
    with at_once.stage.scene("accepting", done) as scene:
        assert scene.run("accept", scene.task_id).code == 0
        wanted = _seen(scene)

    def accepted(scene: Scene, _task_id: str, ended: Ended) -> list[str]:
        seen = _seen(scene)
        names = sorted(seen.keys() | wanted.keys())
        wrong = [f"{n}: {seen.get(n)}" for n in names if seen.get(n) != wanted.get(n)]
        problems = [] if ended.code == 0 else [f"ended with {ended.code}: {ended.err}"]
        return [*problems, *wrong, *scene.left_over]

    return _again(at_once, done, "accept", accepted, everything=everything)


def _seen(scene: Scene) -> dict[str, str]:
    """All that a person sees of a repository; not the times in its index and reflogs."""
    seen = {name: value for name, value in snapshot(scene.folder).entries if _timeless(name)}
    index = git(scene.folder, "ls-files", "--stage"), git(scene.folder, "status", "--porcelain")
    return {**seen, "index": "\n".join(index)}


def _timeless(name: str) -> bool:
    return name != "git index" and not name.startswith("git logs")


def _again(
    at_once: Walkers, done: Path, command: str, problems: Problems, *, everything: bool
) -> list[Walked]:
    """Kill a command at each of its failpoints, or at all its places, then run it again."""
    with at_once.stage.scene(f"{command}-whole", done) as scene:
        points = [*numbered(at_once.stage.traced(scene, command, scene.task_id)[0])]
    if everything and syscalls.usable():
        with at_once.stage.scene(f"{command}-counted", done) as scene:
            points += syscalls.points(scene, (command, scene.task_id))

    def walk(stage: Stage, points: Sequence[str]) -> Walked:
        with stage.scene(f"{command}-{points[0]}".replace(" ", "_"), done) as scene:
            task_id = scene.task_id
            killed = run_to(scene, (command, task_id), points[0]).code == KILLED
            found = problems(scene, task_id, scene.run(command, task_id)) if killed else []
            return Walked(tuple(points), int(killed), len(scene.asked), tuple(found))

    return at_once.each([[point] for point in points], walk)
