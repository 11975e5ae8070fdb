"""What of a base with many packages is gated when, and that nothing else depends on it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bench import block
from mouth import PROFILE, Mouth

from gitagent import pipeline
from gitagent.domain.task import Task, TaskState
from gitagent.domain.verdict import GateCommand
from gitagent.errors import Ending
from gitagent.git.export import export
from gitagent.git.log import TaskLog
from gitagent.git.past import Past
from gitagent.git.repository import GitRepo
from gitagent.index.code import CodeIndex
from gitagent.line import Checks, Line, Rules, for_each
from gitagent.llm.ledger import Budget, Ledger, LedgerModel
from gitagent.progress import News
from gitagent.sandbox.plain import PlainSandbox

CALC = "def add(a, b):\n    return a - b\n"
SENTINEL = "said-by-web"
TEST = (
    "import unittest\n\n\nclass T(unittest.TestCase):\n    def test_{name}(self):\n        {body}\n"
)
BODIES = dict.fromkeys(("core", "api", "docs", "tools"), "pass")
BODIES["core"] = "import calc; self.assertEqual(calc.add(0, 0), 0)"
BODIES["web"] = "self.fail('-'.join(['said', 'by', 'web']))"
FILES = {
    "packages/core/calc.py": CALC,
    **{f"packages/core/add_{n}.py": f"def add_{n}(calc):\n    add = {n}\n" for n in range(9)},
    **{f"packages/{n}/test_{n}.py": TEST.format(name=n, body=b) for n, b in BODIES.items()},
}
USES = {"web": ("packages/core",)}


def command(name: str) -> GateCommand:
    argv = (sys.executable, "-m", "unittest", "discover", "-v")
    folder = f"packages/{name}"
    uses = USES.get(name, ())
    return GateCommand(name, argv, "unittest", folder=folder, package=folder, uses=uses)


class Walk:
    """A line over many packages, walked as often as it is asked to."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        self.repo = GitRepo.open(folder)
        self.base = self.repo.resolve("HEAD")
        self.scratch = scratch
        task = Task("abc123", "add in calc.py must add", "agent/a-abc123", self.base, "0" * 32, "")
        self.log = TaskLog.create(self.repo, TaskState(task))
        self.news: list[News] = []

    def run(self, *says: str | BaseException) -> Mouth:
        log = self.log = TaskLog.load(self.repo, "abc123")
        mouth = Mouth(list(says), PROFILE)
        model = LedgerModel(mouth, Ledger(log, Budget(0, 99)))
        commands = [command(name) for name in BODIES]
        tree = self.repo.tree_of(self.base)
        checks = Checks(
            self.repo, PlainSandbox(), export, commands, self.scratch, 60.0, base=tree
        )  # fmt: skip
        rules = Rules(
            plan="never", max_steps=5, attempts=4, edit_format="search-replace",
            context_tokens=4000, ignore=(), allow=(), deliver="branch",
        )  # fmt: skip
        index = CodeIndex(self.repo, Past(self.repo), self.base)
        line = Line(
            self.repo, log, index, for_each(model), checks, lambda _b, _h: [],
            self.news.append, rules,
        )  # fmt: skip
        pipeline.run(line)
        return mouth


@pytest.fixture
def walk(repo: Callable[..., Path], tmp_path: Path) -> Walk:
    return Walk(repo(FILES), tmp_path / "scratch")


def edit(old: str, new: str) -> str:
    return block("packages/core/calc.py", f"    return a {old} b", f"    return a {new} b")


def test_a_package_is_gated_on_the_base_when_it_is_needed(walk: Walk) -> None:
    """The one that the task's words lead to at once, one that uses it beside the first tree."""
    walk.run(edit("-", "+"))
    state = walk.log.state
    assert state.ending is Ending.DONE
    runs = {run.name: run for run in state.base_runs or ()}
    assert list(runs) == list(BODIES)
    assert {name for name, run in runs.items() if run.late} == {"web"}
    assert {name for name, run in runs.items() if run.left} == {"api", "docs", "tools"}
    verdict = state.checkpoints[0].verdict
    assert [test.rpartition(".")[2] for test in verdict.passed] == ["test_core"]
    assert [test.rpartition(".")[2] for test in verdict.still_failing] == ["test_web"]
    said = [news.text for news in walk.news if news.stage == "gate" and not news.passing]
    assert said[:2] == ["base: 1 passed", "base, web: 1 failed"]


def test_what_was_found_out_later_changes_no_question(walk: Walk) -> None:
    """A task that goes on asks in the same words: its answers are in the journal by them."""
    first = walk.run(edit("-", "+ 1 +"), KeyboardInterrupt())
    assert walk.log.state.ending is Ending.INTERRUPTED
    assert any(run.late for run in walk.log.state.base_runs or ())
    again = walk.run(edit("-", "+"))
    assert again.asked[0].messages == first.asked[0].messages
    assert SENTINEL not in str(again.asked[0].messages)
