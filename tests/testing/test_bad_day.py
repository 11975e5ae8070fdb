"""Every fault of the catalogue befalls a real task once, and no harm comes of it.

benchmarks/chaos.py plays hundreds of such tasks.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bad_day import Day, Ran, day, room

from gitagent.testing.chaos import FAULTS, Fault
from gitagent.testing.chaos.contents import is_json
from gitagent.testing.chaos.fate import Question

TASKS = 12


class Once:
    """Deals each fault once, to a question that is asked for the first time; what fits JSON only
    comes first, for there are few such answers."""

    def __init__(self) -> None:
        self._left = sorted(FAULTS.values(), key=lambda fault: fault.fits is not is_json)
        self._lock = threading.Lock()

    @property
    def left(self) -> list[str]:
        return [fault.name for fault in self._left]

    def fault(self, question: Question) -> Fault | None:
        with self._lock:
            fits = [f for f in self._left if f.fits(question.text, question.asked)]
            if question.time > 2 or not fits:
                return None
            self._left.remove(fits[0])
            return fits[0]

    def dice(self, question: Question) -> random.Random:
        return random.Random(f"{question.hash} {question.time}")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory, where there is room there: the disk is not what has a bad day."""
    place = Path(tempfile.mkdtemp(prefix="day-", dir=room(tmp_path)))
    yield place
    shutil.rmtree(place)


def test_each_fault_befalls_a_task_and_no_harm_comes_of_it(folder: Path) -> None:
    """Named endings, right trees, budgets kept, every answer kept and none paid for twice."""
    once = Once()
    with day(folder, [once, once]) as bad:
        with ThreadPoolExecutor(2) as pool:
            ran = list(pool.map(bad.task, range(TASKS)))
        met = {fault for task in ran for fault in bad.faults(task)}
        assert _told(bad, ran) == ""
    assert once.left == []
    assert met == set(FAULTS)


def test_a_good_day_brings_every_task_to_its_end_at_once(folder: Path) -> None:
    """The tasks are what they are taken for: without a fault only a cap stops one."""

    class Never(Once):
        def fault(self, question: Question) -> Fault | None:
            return None

    with day(folder, [Never()]) as good:
        with ThreadPoolExecutor(2) as pool:
            ran = list(pool.map(good.task, range(10)))
        assert _told(good, ran) == ""
        stopped = {task.kind.name for task in ran if task.codes[0] == 5}
        # how much of the small budget is left for a second call depends on the prompts' length
        assert stopped - {"too small a budget"} == {"too few calls", "no budget for a call"}
        assert all(len(task.codes) == 1 for task in ran if task.kind.name not in stopped)


def _told(day: Day, ran: Sequence[Ran]) -> str:
    """What did not hold, one line each."""
    problems = ((task, problem) for task in ran for problem in day.judged(task))
    return "\n".join(f"{task.ticket} ({task.kind.name}): {problem}" for task, problem in problems)
