"""The gate of a replay: it runs nothing, and says of a tree what was said of it then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gitagent.domain.verdict import UNCHECKED, CommandRun, Verdict
from gitagent.replay.course import SHORT, Course
from gitagent.replay.record import Past


class RecordedGate:
    """Implements ports.Gate out of the verdicts that a run had."""

    def __init__(self, past: Past, course: Course) -> None:
        self._past = past
        self._course = course

    def begun(self, base: str, about: Callable[[], Sequence[str]]) -> tuple[CommandRun, ...]:
        """What the gate said of the base, then and later."""
        runs = self._past.closing.base_runs
        if runs is None:
            raise self._course.leaving("verdict", "base", "the base was not gated")
        return runs

    def beside(self, tree: str, base: Sequence[CommandRun]) -> tuple[CommandRun, ...]:
        return tuple(base)

    def hurried(self, seconds: float) -> RecordedGate:
        return self

    def verdict(self, tree: str, demand: str, base: Sequence[CommandRun]) -> Verdict:
        for verdict in self._known(tree):
            if verdict is not None and verdict != UNCHECKED:
                return verdict
        raise self._course.leaving(
            "verdict", f"tree {tree[:SHORT]}", "the gate never saw this tree"
        )

    def _known(self, tree: str) -> Iterator[Verdict | None]:
        recorded = self._past.closing
        yield from (attempt.verdict for attempt in recorded.attempts if attempt.tree == tree)
        yield from (step.verdict for step in recorded.checkpoints if step.tree == tree)
