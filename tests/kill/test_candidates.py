"""A try with several candidates is killed, and its resume comes to the same tree."""

from __future__ import annotations

from typing import Any

import pytest
from bench import FIX, GREEN, TEXT, line_of
from story import USAGE, Scene, Stage
from walk import KILLED

from gitagent.testing.scripted import Item, Say

WAYS = ("--model", "openai/m", "--plan", "never", "--gate", GREEN, "--candidates", "3", "-q")
FIRST = {0: line_of("*"), 3: "no edit at all", 6: line_of("/")}
SECOND = {3: line_of("%"), 6: FIX, 9: FIX}


def answer(asked: dict[str, Any]) -> Item:
    """Of the first try none passes, of the second the last two."""
    said = SECOND if "do not pass" in asked["messages"][-1]["content"] else FIRST
    return Say(said[round(10 * asked["temperature"])], usage=USAGE)


def whole(stage: Stage) -> tuple[list[str], int]:
    with stage.scene("several-whole", model=answer) as scene:
        assert scene.run("task", TEXT, *WAYS).code == 0
        return scene.trees, len(scene.server.calls)


def kept(scene: Scene) -> int:
    return sum(call.status == "ok" for call in scene.state.calls)


@pytest.mark.parametrize(
    "place",
    [
        "call reserved: kept#2",
        "call answered: kept#1",
        "call answered: to be written#3",
        "edits applied: kept#1",
        "edits not applied: written#1",
        "verdict: kept#1",
        "verdict: kept#3",
        "call answered: kept#5",
        "checkpoint: to be written#1",
    ],
)
def test_no_candidate_is_paid_for_twice(stage: Stage, place: str) -> None:
    """What was answered when the kill came is not asked again, and the same candidate wins."""
    trees, calls = whole(stage)
    with stage.scene("several", model=answer) as scene:
        assert scene.run("task", TEXT, *WAYS, GITAGENT_FAILPOINT=place).code == KILLED
        before, answered = len(scene.server.calls), kept(scene)
        ended = scene.run("resume", *WAYS)
        assert ended.code == 0, ended.err
        assert scene.trees == trees
        assert len(scene.server.calls) - before == calls - answered
        assert scene.changes == []
        labels = [attempt.label for attempt in scene.state.attempts]
        assert len(labels) == len(set(labels))
