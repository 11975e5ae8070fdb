"""The state of a task as files: one fact a file, and nothing of ours in strange hands."""

from __future__ import annotations

import pytest

from gitagent.domain.task import Task, TaskState
from gitagent.errors import Conflict, Ending
from gitagent.git import state_files

TASK = Task("abc", "text", "agent/abc", "0" * 40, "0" * 32, "2026-01-01")


class Files(dict[str, bytes]):
    """State files in memory."""

    def names(self, folder: str) -> list[str]:
        inside = (name.removeprefix(f"{folder}/") for name in self if name.startswith(f"{folder}/"))
        return list(inside)

    def read(self, name: str) -> bytes | None:
        return self.get(name)


def test_a_fact_that_is_not_known_is_no_file() -> None:
    """A new task is one file; an ending is another, with its own name inside."""
    assert list(state_files.encode(TaskState(TASK))) == ["task.json"]
    ended = state_files.encode(TaskState(TASK, ending=Ending.NO_CHANGE))
    assert b'"no-change"' in ended["ending.json"]
    assert state_files.decode(Files(ended)).ending is Ending.NO_CHANGE


def test_an_empty_base_run_is_not_an_unknown_one() -> None:
    """A gate without commands has run; one that was never run is None."""
    for runs in (None, ()):
        state = TaskState(TASK, base_runs=runs)
        assert state_files.decode(Files(state_files.encode(state))).base_runs == runs


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("task.json", b""),
        ("task.json", b"[]"),
        ("task.json", b'{"id": 1}'),
        ("task.json", b"\xff\xfe"),
        ("ending.json", b'{"ending": "victory"}'),
        ("calls/0001.json", b'{"seq": "one"}'),
        ("delivery.json", b'{"x": "\xff"}'),
        ("delivery.json", b'{"x":' * 100_000),
    ],
)
def test_files_that_are_not_ours_are_a_conflict(name: str, data: bytes) -> None:
    """Broken, foreign or hostile JSON ends in one sentence, not in a crash."""
    files = Files(state_files.encode(TaskState(TASK)))
    with pytest.raises(Conflict):
        state_files.decode(Files({**files, name: data}))


def test_without_a_task_there_is_no_state() -> None:
    """The one file that must be there is named."""
    with pytest.raises(Conflict, match=r"task\.json"):
        state_files.decode(Files())
