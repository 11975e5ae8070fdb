"""What of a reply lands: all of it, the sound part of it, or nothing; and who is told what."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from bench import block, whole
from fact_index import FactIndex
from mouth import PROFILE, Mouth

from gitagent import pipeline
from gitagent.domain.event import Kind
from gitagent.domain.rules import Rules
from gitagent.domain.task import Task, TaskState
from gitagent.domain.verdict import GateCommand
from gitagent.errors import Ending
from gitagent.git.export import export
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.index.mistakes import Grammars
from gitagent.line import Checks, Line, for_each
from gitagent.llm.journal import JournalModel
from gitagent.llm.ledger import Budget, Ledger, LedgerModel
from gitagent.progress import News
from gitagent.sandbox.plain import PlainSandbox
from gitagent.testing.repositories import git

A = "import os\n\n\ndef a():\n    return 1\n\n\ndef other():\n    return os\n"
B = "function b() {\n  return 1;\n}\n"
FILES = {"a.py": A, "b.js": B, "c.md": "one\n\ntwo\n", "tests/test_a.py": "from a import a\n"}
RIGHT_A = block("a.py", "def a():\n    return 1", "def a():\n    return 2")
RIGHT_B = block("b.js", "  return 1;", "  return 2;")
WRONG_B = block("b.js", "  return one;", "  return 2;")
GREEN = "grep -q 'return 2' a.py && grep -q 'return 2' b.js"
WEAK = replace(PROFILE, weak=True)


@dataclass
class Walk:
    line: Line
    mouth: Mouth
    news: list[News]
    gated: Path

    def run(self) -> TaskState:
        return pipeline.run(self.line)

    @property
    def gates(self) -> int:
        """How often the gate has run, beside once on the base."""
        return len(self.gated.read_text().split()) - 1

    def told(self, n: int) -> str:
        return self.mouth.asked[n].messages[-1].content

    def file(self, path: str) -> str:
        return git(self.folder, "show", f"{self.line.task.branch}:{path}")

    @property
    def folder(self) -> Path:
        assert isinstance(self.line.repo, GitRepo)
        return self.line.repo.folder


@pytest.fixture
def walk(repo: Callable[..., Path], tmp_path: Path) -> Callable[..., Walk]:
    def make(
        *says: str | BaseException, log: TaskLog | None = None, profile: Any = PROFILE,
        files: Any = FILES, gate: str = GREEN, **rules: Any,
    ) -> Walk:  # fmt: skip
        found = log.repo if log else GitRepo.open(repo(files))
        text = "a of a.py and b of b.js return 2"
        task = Task("abc123", text, "agent/x-abc123", found.resolve("HEAD"), "0" * 32, "2026")
        kept = log or TaskLog.create(found, TaskState(task))
        mouth, ledger = Mouth(list(says), profile), Ledger(kept, Budget(0, 99))
        model = JournalModel(LedgerModel(mouth, ledger), ledger)
        news: list[News] = []
        usual = {
            "plan": "never", "max_steps": 5, "attempts": 4, "edit_format": "search-replace",
            "context_tokens": 2000, "ignore": (), "allow": (), "deliver": "branch",
        }  # fmt: skip
        gated = tmp_path / "gated"
        commands = (GateCommand("green", ("sh", "-c", f"echo x >>{gated}; {gate}")),)
        checks = Checks(found, PlainSandbox(), export, commands, tmp_path / "scratch", 20.0)
        line = Line(
            found, kept, FactIndex(found), for_each(model), checks, lambda _b, _h: [],
            news.append, Rules(**{**usual, **rules}), syntax=Grammars(),
        )  # fmt: skip
        return Walk(line, mouth, news, gated)

    return make


# --- One bad block ------------------------------------------------------------------------------


def test_what_fits_stays_and_only_the_rest_is_asked_for(walk: Callable[..., Walk]) -> None:
    """The model sees which block failed and the nearest lines; nothing is gated before all fits."""
    found = walk(RIGHT_A + WRONG_B, RIGHT_B)
    assert found.run().ending is Ending.DONE
    assert "Some of your edits were applied" in found.told(1)
    assert "b.js: the lines to replace" in found.told(1)
    assert "2:   return 1;" in found.told(1)
    assert "a.py" not in found.told(1)
    assert found.gates == 1
    assert found.file("a.py") == A.replace("return 1", "return 2")


def test_who_sends_everything_again_is_understood(walk: Callable[..., Walk]) -> None:
    """The first block is in already; all of it fits the files as the step found them."""
    found = walk(RIGHT_A + WRONG_B, RIGHT_A + RIGHT_B)
    assert found.run().ending is Ending.DONE
    assert found.file("a.py") == A.replace("return 1", "return 2")


def test_two_blocks_of_one_file_part_where_it_still_parses(walk: Callable[..., Walk]) -> None:
    """One of them fits; the file is a whole one of its language all the same."""
    bad = block("a.py", "def another():", "def two():")
    found = walk(RIGHT_A + bad, block("b.js", "  return 1;", "  return 2;"))
    assert found.run().ending is Ending.DONE
    assert found.file("a.py") == A.replace("return 1", "return 2")


OPENS = block("b.js", "function b() {", "function b() {\n  if (x) {")
CLOSES = block("b.js", "  return 3;", "  }\n  return 2;")


@pytest.mark.parametrize(
    "says",
    [
        RIGHT_A + OPENS + CLOSES,
        block("c.md", "one", "uno") + block("c.md", "three", "tre"),
        RIGHT_A + WRONG_B + "DELETE: c.md\n",
        RIGHT_A + WRONG_B + "RENAME: c.md -> d.md\n",
    ],
    ids=["does not parse", "no language", "deletes", "renames"],
)
def test_half_of_what_belongs_together_is_not_kept(walk: Callable[..., Walk], says: str) -> None:
    """Then nothing of the reply lands, and the model is told to send all of it again."""
    found = walk(says, RIGHT_A + RIGHT_B)
    assert found.run().ending is Ending.DONE
    assert "Nothing of your reply was applied" in found.told(1)
    assert found.file("c.md") == FILES["c.md"]


def test_a_bad_path_refuses_the_whole_reply(walk: Callable[..., Walk]) -> None:
    """A path rule is no misfit: what came with it is not kept either."""
    found = walk(RIGHT_A + block("../x", "a", "b") + WRONG_B, RIGHT_B, RIGHT_A + RIGHT_B)
    assert found.run().ending is Ending.DONE
    assert "Nothing of your reply was applied" in found.told(1)
    assert len(found.mouth.asked) == 3, "with the first block kept, the second reply were enough"


def test_what_was_kept_is_never_a_commit_by_itself(walk: Callable[..., Walk]) -> None:
    """Where the tries run out, half a proposal is not offered as the best attempt."""
    found = walk(*[RIGHT_A + WRONG_B] * 2, attempts=2)
    assert found.run().ending is Ending.NO_CHANGE
    assert found.gates == 0
    assert not found.line.log.state.checkpoints


@pytest.mark.parametrize("at", [1, 2])
def test_a_killed_task_goes_on_from_what_was_kept(walk: Callable[..., Walk], at: int) -> None:
    """The same tree as without the interruption, and no answered call is asked for again."""
    says = [RIGHT_A + WRONG_B, WRONG_B, RIGHT_B]
    first = walk(*says[:at], KeyboardInterrupt())
    assert first.run().ending is Ending.INTERRUPTED
    log = TaskLog.load(first.line.repo, "abc123")  # type: ignore[arg-type]
    log.record(Kind.BEGAN, ending=None)
    second = walk(*says[at:], log=log)
    assert second.run().ending is Ending.DONE
    assert len(second.mouth.asked) == len(says) - at
    assert second.file("b.js") == B.replace("1", "2")


# --- Syntax -------------------------------------------------------------------------------------

BROKEN_B = block("b.js", "  return 1;", "  return (2;")


def test_what_cannot_be_read_is_not_gated(walk: Callable[..., Walk]) -> None:
    """The model sees path, line and what stands there, and goes on from its own edits."""
    found = walk(RIGHT_A + BROKEN_B, block("b.js", "  return (2;", "  return 2;"))
    assert found.run().ending is Ending.DONE
    assert "- b.js:2: `(` is never closed" in found.told(1)
    assert "There it says:\n1: function b() {" in found.told(1)
    assert "2:   return (2;\n3: }" in found.told(1)
    assert found.gates == 1


def test_who_insists_is_believed(walk: Callable[..., Walk]) -> None:
    """No grammar knows all of its language: the same tree again is for the gate to judge."""
    found = walk(BROKEN_B, BROKEN_B, gate="grep -q 'return (2' b.js")
    assert found.run().ending is Ending.DONE
    assert found.gates == 1


def test_a_file_that_could_not_be_read_before_is_left_alone(walk: Callable[..., Walk]) -> None:
    """It may be meant so, or in words that the grammar does not know."""
    files = {**FILES, "b.js": B + "<<<\n"}
    found = walk(RIGHT_A + RIGHT_B, files=files)
    assert found.run().ending is Ending.DONE


@pytest.mark.parametrize("name", ["new.py", "new.rs", "new.json"])
def test_a_new_file_has_to_be_one_of_its_language(walk: Callable[..., Walk], name: str) -> None:
    """There is no text before that it could have from."""
    found = walk(RIGHT_A + RIGHT_B + whole(name, "{ ( [\n"), RIGHT_A + RIGHT_B)
    assert found.run().ending is Ending.DONE
    assert f"{name}:1: " in found.told(1)


def test_a_weak_model_goes_on_from_the_files_that_it_was_shown(walk: Callable[..., Walk]) -> None:
    """It writes functions into the file as it is, which has to be one."""
    broken = whole("a.py", "def a():\n    return (2\n")
    right = whole("a.py", "def a():\n    return 2\n")
    found = walk(broken, right, profile=WEAK, edit_format="whole", gate="grep -q 'return 2' a.py")
    assert found.run().ending is Ending.DONE
    assert found.file("a.py") == A.replace("return 1", "return 2")


# --- Scope --------------------------------------------------------------------------------------


def plan(*paths: str, lines: object = 3) -> str:
    step = {"title": "Return two", "detail": "d", "paths": paths, "lines": lines}
    return json.dumps({"steps": [step]})


ALSO_B = "PLAN: also b.js because it mirrors a\n\n"


def test_an_edit_outside_of_the_plan_waits_until_the_plan_is_changed(
    walk: Callable[..., Walk],
) -> None:
    """What is inside lands; the path is named to the model, and the reason to people."""
    found = walk(plan("a.py"), RIGHT_A + RIGHT_B, ALSO_B + RIGHT_B, plan="always")
    state = found.run()
    assert state.ending is Ending.DONE
    assert "The plan of this step changes a.py" in found.mouth.prompt(1)
    assert "b.js is not in the plan of this step, which changes a.py" in found.told(2)
    assert "Some of your edits were applied" in found.told(2)
    assert found.gates == 1
    assert state.plan
    assert [(a.path, a.because) for a in state.plan.steps[0].also] == [("b.js", "it mirrors a")]
    assert any("also b.js because it mirrors a" in news.text for news in found.news)


def test_who_says_so_at_once_is_not_asked(walk: Callable[..., Walk]) -> None:
    found = walk(plan("a.py"), ALSO_B + RIGHT_A + RIGHT_B, plan="always")
    assert found.run().ending is Ending.DONE
    assert len(found.mouth.asked) == 2


def test_what_was_added_once_is_in_the_plan_for_later_tries(walk: Callable[..., Walk]) -> None:
    """A repair need not say it again."""
    wrong = block("b.js", "  return 1;", "  return 3;")
    mended = block("b.js", "  return 3;", "  return 2;")
    found = walk(plan("a.py"), ALSO_B + RIGHT_A + wrong, mended, plan="always")
    assert found.run().ending is Ending.DONE
    assert len(found.mouth.asked) == 3


WITHIN = {
    "the file": (["a.py", "b.js"], ""),
    "its folder": (["a.py", "b.js", "lib/"], whole("lib/deep/x.py", "x = 1\n")),
    "a pattern": (["*.py", "*.js"], ""),
    "a test of it": (["a.py", "b.js"], whole("tests/test_a.py", "from a import a as b\n")),
    "a new test": (["a.py", "b.js"], whole("b.test.js", "b();\n")),
    "a new file that is used": (
        ["a.py", "b.js"],
        block("a.py", "import os", "import os\nimport helper") + whole("helper.py", "x = 1\n"),
    ),
    "names nothing that there is": (["src/z.py"], whole("c.md", "three\n")),
    "nothing is named": ([], whole("c.md", "three\n")),
}


@pytest.mark.parametrize("case", WITHIN)
def test_what_goes_without_saying_is_not_asked_about(walk: Callable[..., Walk], case: str) -> None:
    """A round with the model is not spent on it."""
    paths, more = WITHIN[case]
    found = walk(plan(*paths), RIGHT_A + RIGHT_B + more, plan="always")
    assert found.run().ending is Ending.DONE
    assert len(found.mouth.asked) == 2


BEYOND = {
    "another file": whole("c.md", "three\n"),
    "a new file that nobody uses": whole("stray.py", "x = 1\n"),
    "another test": whole("tests/test_c.py", "x = 1\n"),
    "a file that goes": "DELETE: c.md\n",
    "a rename to elsewhere": "RENAME: a.py -> z.py\n",
    "no reason": "PLAN: also c.md\n\n" + whole("c.md", "three\n"),
}


@pytest.mark.parametrize("case", BEYOND)
def test_everything_else_is(walk: Callable[..., Walk], case: str) -> None:
    """It does not come along unsaid, whatever kind of edit it is."""
    found = walk(plan("a.py", "b.js"), RIGHT_A + BEYOND[case] + RIGHT_B, RIGHT_A + RIGHT_B,
                 plan="always")  # fmt: skip
    assert found.run().ending is Ending.DONE
    assert "is not in the plan of this step" in found.told(2)
    assert len(found.mouth.asked) == 3


@pytest.mark.parametrize("mode", ["never", "weak"])
def test_who_made_no_plan_is_not_held_to_one(walk: Callable[..., Walk], mode: str) -> None:
    """Nor is a model that could not make use of being told."""
    if mode == "never":
        found = walk(RIGHT_A + RIGHT_B, plan="never")
        assert found.run().ending is Ending.DONE
        return
    found = walk(plan("a.py"), RIGHT_A + RIGHT_B, plan="always", profile=WEAK)
    state = found.run()
    assert state.ending is Ending.DONE
    assert "The plan of this step changes" not in found.mouth.prompt(1)
    assert state.plan
    assert [(a.path, a.because) for a in state.plan.steps[0].also] == [("b.js", "")]


@pytest.mark.parametrize("at", [2, 3])
def test_a_killed_task_comes_to_the_same_plan(walk: Callable[..., Walk], at: int) -> None:
    """What the plan was widened by after the crash is not what a reply before it is held to."""
    wrong = block("b.js", "  return 1;", "  return 3;")
    says = [plan("a.py"), RIGHT_A + wrong, ALSO_B + wrong, block("b.js", "return 3", "return 2")]
    says[3] = block("b.js", "  return 3;", "  return 2;")
    first = walk(*says[:at], KeyboardInterrupt(), plan="always")
    assert first.run().ending is Ending.INTERRUPTED
    log = TaskLog.load(first.line.repo, "abc123")  # type: ignore[arg-type]
    log.record(Kind.BEGAN, ending=None)
    second = walk(*says[at:], log=log, plan="always")
    state = second.run()
    assert state.ending is Ending.DONE
    assert len(second.mouth.asked) == len(says) - at
    assert state.plan
    assert [a.path for a in state.plan.steps[0].also] == ["b.js"]


# --- Several candidates -------------------------------------------------------------------------

UNREAD_A = block("a.py", "def a():\n    return 1", "def a():\n    return (2")
WRONG_A = block("a.py", "def a():\n    return 1", "def a():\n    return 3")


def tries(found: Walk) -> dict[str, str | None]:
    """What the gate said of each try, by its name; nothing of what was not applied."""
    state = found.line.log.state
    return {a.label: a.verdict.kind if a.verdict else None for a in state.attempts}


def test_a_candidate_that_cannot_be_read_is_left_out(walk: Callable[..., Walk]) -> None:
    """Beside one that fails and one that passes, no gate is spent on it, nor a further call."""
    found = walk(RIGHT_A + BROKEN_B, WRONG_A, RIGHT_A + RIGHT_B, candidates=3)
    assert found.run().ending is Ending.DONE
    assert tries(found) == {"1.1.1": None, "1.1.2": "fail", "1.1.3": "pass"}
    assert found.gates == 2
    assert len(found.mouth.asked) == 3


def test_where_none_can_be_read_the_firsts_mistakes_go_back(walk: Callable[..., Walk]) -> None:
    """All are told the same, and go on from the first's own edits."""
    mended = block("b.js", "  return (2;", "  return 2;")
    found = walk(RIGHT_A + BROKEN_B, UNREAD_A, UNREAD_A + RIGHT_B, *[mended] * 3, candidates=3)
    assert found.run().ending is Ending.DONE
    assert all("- b.js:2: `(` is never closed" in found.told(n) for n in (3, 4, 5))
    assert not any("a.py:" in found.told(n) for n in (3, 4, 5))
    assert found.gates == 1
    assert found.file("a.py") == A.replace("return 1", "return 2")


NO_EDIT = "It is right as it is."


@pytest.mark.parametrize(
    "says",
    [
        (NO_EDIT, RIGHT_A + WRONG_B, RIGHT_A + BROKEN_B),
        (WRONG_B, RIGHT_A + BROKEN_B, NO_EDIT),
    ],
    ids=["of a sound part", "of what fits nowhere"],
)
def test_the_candidate_that_came_nearest_is_gone_on_from(
    walk: Callable[..., Walk], says: tuple[str, ...]
) -> None:
    """What fits and cannot be read is nearer than what fits in parts, and this than the rest."""
    mended = block("b.js", "  return (2;", "  return 2;")
    found = walk(*says, *[mended] * 3, candidates=3)
    assert found.run().ending is Ending.DONE
    assert "- b.js:2: `(` is never closed" in found.told(3)


@pytest.mark.parametrize("said", [BROKEN_B, WRONG_B], ids=["unread", "no fit"])
def test_what_is_wrong_with_a_repair_is_not_forgotten(walk: Callable[..., Walk], said: str) -> None:
    """The best attempt that failed at the gate does not take the place of what was said last."""
    right = block("b.js", "  return (2;" if said is BROKEN_B else "  return 1;", "  return 2;")
    found = walk(*[RIGHT_A] * 3, *[said] * 3, *[right] * 3, candidates=3)
    assert found.run().ending is Ending.DONE
    assert "b.js:" in found.told(6)
    assert found.gates == 2


def test_only_what_was_sent_back_is_insisted_on(walk: Callable[..., Walk]) -> None:
    """A candidate nobody was told about is no answer to anything; the other is the gate's."""
    gate = "grep -q 'return (2' b.js || grep -q 'return (2' a.py"
    first, other = BROKEN_B, UNREAD_A
    found = walk(first, other, other, first, candidates=2, gate=gate)
    assert found.run().ending is Ending.DONE
    assert tries(found) == {"1.1.1": None, "1.1.2": None, "1.2.1": None, "1.2.2": "pass"}
    assert "return (2" in found.file("b.js")


def test_each_candidate_is_held_to_its_own_words(walk: Callable[..., Walk]) -> None:
    """What another of the same try adds to the plan is not said for it; later tries know it."""
    wrong = block("b.js", "  return 1;", "  return 3;")
    mended = block("b.js", "  return 3;", "  return 2;")
    found = walk(
        plan("a.py"), ALSO_B + RIGHT_A + wrong, RIGHT_A + RIGHT_B, *[mended] * 2,
        plan="always", candidates=2,
    )  # fmt: skip
    assert found.run().ending is Ending.DONE
    assert tries(found) == {"1.1.1": "fail", "1.1.2": None, "1.2.1": "pass"}


def test_a_reason_is_shown_for_whom_it_was_given(walk: Callable[..., Walk]) -> None:
    """A weak model's candidate that gave none does not have that of another one."""
    said = ALSO_B + RIGHT_A + block("b.js", "  return 1;", "  return 3;")
    found = walk(plan("a.py"), said, RIGHT_A + RIGHT_B, plan="always", profile=WEAK, candidates=2)
    state = found.run()
    assert state.ending is Ending.DONE
    assert state.plan
    assert [(a.path, a.because) for a in state.plan.steps[0].also] == [("b.js", "")]
