"""A question that is killed at each of its places and asked again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forking import Ended
from story import ANSWER, ASK, Scene, Stage, numbered
from walk import CENT, KILLED, Walked, Walkers, run_to
from walks import sample

REPORT = "report.md"


def words(scene: Scene, *how: str) -> tuple[str, ...]:
    """The command; its report lies outside of the repository, in which nothing may change."""
    return (*ASK, *how, "-o", str(_report(scene)))


def asks(at_once: Walkers, *how: str, everything: bool) -> list[Walked]:
    """Kill the question at each of its failpoints, or at a sample, then ask the same again."""
    with at_once.stage.scene(f"asked{len(how)}") as scene:
        places, ended = at_once.stage.traced(scene, *words(scene, *how))
        assert ended.code == 0, ended.err
        whole, charged = len(scene.asked), scene.state.spent
    points = numbered(places)

    def walk(stage: Stage, job: Sequence[str]) -> Walked:
        with stage.scene(f"ask-{job[0]}".replace(" ", "_")) as scene:
            _report(scene).unlink(missing_ok=True)
            killed = run_to(scene, words(scene, *how), job[0]).code == KILLED
            paid, before = (scene.paid if scene.task_id else set()), len(scene.asked)
            ended = scene.run(*words(scene, *how))
            twice = [f"paid twice: {q[-80:]}" for q in scene.asked[before:] if q in paid]
            wrong = _wrong(scene, ended, whole, charged)
            repeated = len(scene.asked) - whole
            return Walked(tuple(job), int(killed), repeated, (*twice, *scene.changes, *wrong))

    jobs = points if everything else sample(points)
    return at_once.each([[point] for point in jobs], walk)


def _wrong(scene: Scene, ended: Ended, whole: int, charged: float) -> list[str]:
    """What is different from a question that nobody killed, but for the call in flight."""
    if ended.code != 0:
        return [f"ended with {ended.code}: {ended.err[-300:]}"]
    state = scene.state
    in_flight = [call.cost_usd for call in state.calls if call.status == "reserved"]
    report = _report(scene)
    wrong = {
        "answer": state.answer is None or state.answer.text != ANSWER,
        "report": not report.is_file() or ANSWER not in report.read_text(),
        "more calls than were in flight": len(scene.asked) > whole + len(in_flight),
        "charged": abs(state.spent - charged - sum(in_flight)) > CENT,
        "events": scene.events != list(range(1, len(scene.events) + 1)),
        f"left over: {scene.left_over}": bool(scene.left_over),
        "a file beside the report": [*report.parent.glob(f".{REPORT}*")] != [],
        "a branch": scene.trees != [],
        scene.faults: bool(scene.faults),
    }
    return [name for name, is_wrong in wrong.items() if is_wrong]


def _report(scene: Scene) -> Path:
    return scene.folder.parent / REPORT
