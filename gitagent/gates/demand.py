"""What a task's text demands of the failures that were there before.

A task that speaks of a defect is not done by leaving every failing test as it was; one that names
failing tests is not done before these pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_DEFECT = re.compile(
    r"\b(?:fix\w*|fail\w*|bugs?|buggy|broken|errors?|crash\w*|wrong\w*|incorrect\w*|red)\b",
    re.IGNORECASE,
)

# A part of an id that stands for itself in a sentence; `B` or `tests` does not.
_TELLING = re.compile(r"test.*[^s]$|\.py$", re.IGNORECASE)


def speaks_of_defect(text: str) -> bool:
    return bool(_DEFECT.search(text))


def named_in(text: str, tests: Iterable[str]) -> tuple[str, ...]:
    """The tests that a text names, by the full id or by its last parts (`TestA.test_b`, `test_b`).

    Of several tests with one function's name, those are meant that the text names most fully.
    """
    by_function: dict[str, list[tuple[int, str]]] = {}
    for test in tests:
        depth = _depth(text, test)
        if depth:
            by_function.setdefault(_parts(test)[-1], []).append((depth, test))
    return tuple(
        test for group in by_function.values() for depth, test in group if depth == max(group)[0]
    )


def _depth(text: str, test: str) -> int:
    """How many of the last parts of a test's id the text names, with its parameters one more."""
    parts = _parts(test)
    depth = next((n for n in range(len(parts), 0, -1) if _mentions(text, parts[-n:])), 0)
    if depth == 1 and not _TELLING.search(parts[-1]):
        return 0
    parameters = test[len(test.partition("[")[0]) :]
    return depth + bool(depth and parameters and f"{parts[-1]}{parameters}" in text)


def _parts(test: str) -> list[str]:
    name = test.partition("[")[0]
    if name.endswith(".py"):
        return [name.rpartition("::")[2]]
    return re.split(r"::|\.(?!py(?:::|$))", name)


def _mentions(text: str, parts: Sequence[str]) -> bool:
    pattern = r"(?:::|\.)".join(re.escape(part) for part in parts)
    return bool(re.search(rf"(?<!\w){pattern}(?!\w)", text))
