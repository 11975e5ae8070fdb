"""What is killed here is killed in memory, by several walkers, out of processes that stay warm."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from story import Scene, Stage, room
from walk import Walkers, walkers

WALK = "GITAGENT_WALK"
EVERYTHING = os.environ.get(WALK) == "all"
"""Whether every point is walked, which takes minutes, or a sample that differs by name."""


@pytest.fixture(scope="session")
def everything() -> bool:
    return EVERYTHING


@pytest.fixture(scope="session")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walkers]:
    """The walkers; what they leave is gone at the end, for memory is short."""
    base = room(tmp_path_factory.getbasetemp())
    folder = Path(tempfile.mkdtemp(prefix="kill-", dir=base))
    try:
        with walkers(folder) as found:
            yield found
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def stage(at_once: Walkers) -> Stage:
    return at_once.stage


@pytest.fixture
def scene(stage: Stage, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A repository of the story beside its model, for one test."""
    with stage.scene(request.node.name) as found:
        yield found
