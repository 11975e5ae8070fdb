"""`git agent show` names what is in a step that its plan did not say."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from bench import CALC, FILES, FIX, GREEN, Bench, whole

ALSO = "PLAN: also README.md because it tells how add works\n\n"


def plan(*paths: str, lines: object) -> str:
    return json.dumps({"steps": [{"title": "Add", "detail": "d", "paths": paths, "lines": lines}]})


def shown(bench: Bench, folder: Path, *says: str) -> tuple[str, dict[str, object]]:
    """The task's page and the document of its step."""
    done = bench.task(folder, "--gate", GREEN, "--plan", "always", says=says)
    assert done.code == 0, done.err
    document = bench.run("show", done.id, "--json", cwd=folder).json()
    return bench.run("show", done.id, cwd=folder).out, document["steps"][0]


def test_people_are_shown_what_the_plan_did_not_say(
    bench: Bench, repo: Callable[..., Path]
) -> None:
    """Paths that came to it with their reasons, and a size far beyond the one that was declared."""
    long = whole("README.md", "More.\n" * 300)
    out, step = shown(bench, repo(FILES), plan("calc.py", lines="~10"), ALSO + FIX + long)
    assert "not in the plan at first: README.md, because it tells how add works" in out
    assert "larger than planned: 305 lines change, the plan said about 10" in out
    assert step["also"] == [{"path": "README.md", "because": "it tells how add works"}]
    assert step["planned"] == {"paths": ["calc.py"], "lines": 10}


def test_a_size_near_the_declared_one_is_not_spoken_of(
    bench: Bench, repo: Callable[..., Path]
) -> None:
    """Nobody counts lines before they are written: four times as many are still the same kind."""
    long = whole("calc.py", CALC.replace("- b", "+ b", 1) + "#\n" * 280)
    out, step = shown(bench, repo(FILES), plan("calc.py", lines=70), long)
    assert "larger" not in out
    assert "plan at first" not in out
    assert step["lines"] == 282


def test_without_a_plan_nothing_is_outside_of_it(bench: Bench, repo: Callable[..., Path]) -> None:
    """A task of one step that nobody planned has no scope but its text."""
    folder = repo(FILES)
    done = bench.task(folder, "--gate", GREEN, says=[FIX + whole("README.md", "More.\n" * 300)])
    assert done.code == 0, done.err
    out = bench.run("show", done.id, cwd=folder).out
    assert "plan" not in out
