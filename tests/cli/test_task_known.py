"""What the gate has seen once costs nothing again, in whatever task, until gc forgets it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bench import Bench, block

from gitagent.testing.repositories import git

FILES = {
    "calc.py": "def add(a, b):\n    return a + b\n",
    "test_calc.py": (
        "import unittest\nfrom calc import add\n\n\nclass TestCalc(unittest.TestCase):\n"
        "    def test_add(self):\n        self.assertEqual(add(1, 2), 3)\n"
    ),
}
EDIT = block("calc.py", "    return a + b", "    return b + a", "Add the other way round")
TEXT = "add the other way round"
KNOWN = "(known already)"


def test_the_same_tree_in_another_task_runs_nothing(
    bench: Bench, repo: Callable[..., Path], agent_inline: Callable[..., object]
) -> None:
    """Neither the base nor the result; it is said, and gc makes it run again."""
    folder = repo(FILES)
    first = bench.task(folder, text=TEXT, says=[EDIT])
    assert first.code == 0, first.err
    assert KNOWN not in first.err
    second = bench.task(folder, text=TEXT, says=[EDIT])
    assert second.code == 0, second.err
    told = [line for line in second.err.splitlines() if line.startswith("gate")]
    assert len(told) == 2
    assert all(line.endswith(KNOWN) for line in told)
    assert git(folder, "rev-parse", f"{first.branch}^{{tree}}") == git(
        folder, "rev-parse", f"{second.branch}^{{tree}}"
    )
    shown = agent_inline("show", second.id, cwd=folder)
    assert f"gate pass: 1 passed {KNOWN}" in str(shown)
    gone = agent_inline("gc", cwd=folder)
    assert "removed what the gate knew of 4 runs" in str(gone)
    third = bench.task(folder, text=TEXT, says=[EDIT])
    assert KNOWN not in third.err
