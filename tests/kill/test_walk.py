"""SIGKILL at every place of a task's life: what was paid for and acknowledged is there.

The default is a sample in which every name is there; GITAGENT_WALK=all walks every point.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import asking
import pytest
import syscalls
import walks
from story import RESUME, TASK
from walk import KILLED, Walkers, told

from gitagent import failpoints
from gitagent.domain.event import Kind


@pytest.fixture(scope="module")
def done(at_once: Walkers) -> Iterator[Path]:
    with walks.done(at_once) as kept:
        yield kept


def test_a_task_that_is_killed_goes_on_to_the_same_end(at_once: Walkers, everything: bool) -> None:
    """The same trees, no answer paid for twice, one call in flight at most, nothing of the
    user's changed, and the budget charged for all that may have been paid."""
    walked = walks.tasks(at_once, everything=everything)
    assert told(walked) == ""
    assert {walk.killed for walk in walked} == {1}
    assert max(walk.repeated for walk in walked) == 1


def test_a_resume_that_is_killed_goes_on_as_well(at_once: Walkers, everything: bool) -> None:
    """The second kill may come at any place of the resume."""
    walked = walks.resumes(at_once, everything=everything)
    assert told(walked) == ""
    assert sum(walk.killed == 2 for walk in walked) > len(walked) // 2


@syscalls.needed
def test_a_task_that_is_killed_at_a_system_call_goes_on(at_once: Walkers, everything: bool) -> None:
    """Each rename, link, unlink and fsync is a place, named by a failpoint or not."""
    walked = walks.calls(at_once, everything=everything)
    assert told(walked) == ""
    # how often some calls are made depends on what thread comes first; the last may not come
    assert sum(walk.killed for walk in walked) >= len(walked) * 0.9


def test_drop_finishes_when_it_is_called_again(
    at_once: Walkers, done: Path, everything: bool
) -> None:
    """Branch and state are gone, and nothing else is."""
    walked = walks.drops(at_once, done, everything=everything)
    assert told(walked) == ""
    assert sum(walk.killed for walk in walked) >= len(walked) * 0.9


def test_accept_finishes_when_it_is_called_again(
    at_once: Walkers, done: Path, everything: bool
) -> None:
    """The branch, its files and the index are where an accept without a kill leaves them."""
    walked = walks.accepts(at_once, done, everything=everything)
    assert told(walked) == ""
    assert sum(walk.killed for walk in walked) >= len(walked) * 0.9


@pytest.mark.parametrize("how", [(), ("--whole",)], ids=["looked up", "whole"])
def test_a_question_that_is_killed_goes_on_when_it_is_asked_again(
    at_once: Walkers, how: tuple[str, ...], everything: bool
) -> None:
    """The same answer and the same report; no answer of a model is paid for twice."""
    walked = asking.asks(at_once, *how, everything=everything)
    assert told(walked) == ""
    assert {walk.killed for walk in walked} == {1}
    assert max(walk.repeated for walk in walked) == 1


def test_the_story_comes_by_every_name(at_once: Walkers, done: Path) -> None:
    """A kind of event that no walk meets, or a place that none reaches, is proven by nothing."""
    reached = set(at_once.whole.places)
    for place in ("checkpoint: written", "ref locked#9"):
        with at_once.stage.scene("resumed") as scene:
            assert scene.run(*TASK, GITAGENT_FAILPOINT=place).code == KILLED
            reached |= set(at_once.stage.traced(scene, *RESUME)[0])
    with at_once.stage.scene("asking") as scene:
        reached |= set(at_once.stage.traced(scene, *asking.words(scene))[0])
    for command in ("drop", "accept"):
        with at_once.stage.scene(command, done) as scene:
            reached |= set(at_once.stage.traced(scene, command, scene.task_id)[0])
    assert reached == failpoints.names(Kind)
