"""The line walks from a task to a named ending, and goes on where its log says that it stopped."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from bench import CALC, FILES, GREEN, block, line_of, refs, whole
from mouth import PROFILE, Mouth

from gitagent import app, pipeline
from gitagent.domain.task import Task, TaskState
from gitagent.domain.verdict import GateCommand
from gitagent.errors import BudgetExceeded, Conflict, Ending, ProviderRejected, UnknownRevision
from gitagent.git.export import export
from gitagent.git.log import TaskLog
from gitagent.git.past import Past
from gitagent.git.repository import GitRepo
from gitagent.index.code import CodeIndex
from gitagent.line import Checks, Line, Rules, for_each
from gitagent.llm.ledger import Budget, Ledger, LedgerModel
from gitagent.progress import News
from gitagent.sandbox.plain import PlainSandbox
from gitagent.site import open_site
from gitagent.testing.repositories import git
from gitagent.testing.scripted import Say

PLAN = '{"steps": [{"title": "Add in add", "detail": "d", "paths": ["calc.py"]}, '
PLAN += '{"title": "Subtract", "detail": "d", "paths": ["calc.py"]}]}'
SUB = line_of("+").replace("def add", "def sub")


@dataclass
class Walk:
    """A line that is ready to be walked, and what it told."""

    line: Line
    mouth: Mouth
    news: list[News]

    def run(self) -> TaskState:
        return pipeline.run(self.line)

    @property
    def folder(self) -> Path:
        assert isinstance(self.line.repo, GitRepo)
        assert self.line.repo.checkout
        return self.line.repo.checkout


@pytest.fixture
def walk(repo: Callable[..., Path], tmp_path: Path) -> Callable[..., Walk]:
    def make(
        *says: str | BaseException, gate: str = GREEN, folder: Path | None = None,
        log: TaskLog | None = None, text: str = "Add in add", weak: bool = False, **rules: Any,
    ) -> Walk:  # fmt: skip
        found = GitRepo.open(folder or repo(FILES))
        base = found.resolve("HEAD")
        task = Task("abc123", text, "agent/add-abc123", base, "0" * 32, "2026-01-01")
        kept = log or TaskLog.create(found, TaskState(task))
        mouth = Mouth(list(says), WEAK if weak else PROFILE)
        model = LedgerModel(mouth, Ledger(kept, Budget(0, 99)))
        news: list[News] = []
        usual = {
            "plan": "never", "max_steps": 5, "attempts": 4, "edit_format": "search-replace",
            "context_tokens": 4000, "ignore": (), "allow": (), "deliver": "branch",
        }  # fmt: skip
        commands = (GateCommand("green", ("sh", "-c", gate)),)
        checks = Checks(found, PlainSandbox(), export, commands, tmp_path / "scratch", 20.0)
        index = CodeIndex(found, Past(found), base)
        line = Line(
            found, kept, index, for_each(model), checks, lambda _b, _h: [],
            news.append, Rules(**{**usual, **rules}),
        )  # fmt: skip
        return Walk(line, mouth, news)

    return make


def test_a_green_proposal_is_one_checkpoint_and_done(walk: Callable[..., Walk]) -> None:
    """Task, context, plan, attempt, checkpoint and delivery are all in the state."""
    state = walk(line_of("+")).run()
    assert (state.ending, state.message) == (Ending.DONE, "")
    assert [c.step for c in state.checkpoints] == [1]
    assert state.context is not None
    assert state.plan is not None
    assert state.delivery["commit"] == state.head
    assert state.seconds > 0


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (BudgetExceeded(), Ending.BUDGET),
        (ProviderRejected("no"), Ending.PROVIDER),
        (Conflict(), Ending.CONFLICT),
        (KeyboardInterrupt(), Ending.INTERRUPTED),
    ],
)
def test_what_ends_a_run_is_named_in_the_log(
    walk: Callable[..., Walk], error: BaseException, ending: Ending
) -> None:
    """Whatever is raised on the way, the state says how it ended and a sentence of why."""
    found = walk(error)
    state = found.run()
    assert state.ending is ending
    assert state.message
    assert TaskLog.load(found.line.repo, "abc123").state == state  # type: ignore[arg-type]


def test_a_usage_error_is_the_callers(walk: Callable[..., Walk]) -> None:
    """It is no ending: nothing was begun that could end."""
    with pytest.raises(UnknownRevision):
        walk(UnknownRevision("x")).run()


def test_repair_stops_when_a_tree_comes_back(walk: Callable[..., Walk]) -> None:
    """A, B, A: no fourth reply is paid for, and the best of them is marked as failed."""
    found = walk(*(line_of(sign) for sign in "*/*/*"), attempts=9)
    state = found.run()
    assert state.ending is Ending.GATE_FAILED
    assert len(found.mouth.asked) == 3
    assert [a.n for a in state.attempts] == [1, 2]
    assert state.checkpoints[0].verdict.kind == "fail"


def test_repair_is_bounded(walk: Callable[..., Walk]) -> None:
    """As many proposals as the rules allow, and none more."""
    found = walk(*(line_of(sign) for sign in "*/%@"), attempts=2)
    assert found.run().ending is Ending.GATE_FAILED
    assert len(found.mouth.asked) == 2


def test_the_model_sees_only_its_last_try(walk: Callable[..., Walk]) -> None:
    """No number of repairs outgrows the window: opening, last reply, last verdict."""
    found = walk(*(line_of(sign) for sign in "*/%+"))
    assert found.run().ending is Ending.DONE
    assert [len(request.messages) for request in found.mouth.asked] == [2, 4, 4, 4]
    assert found.mouth.asked[3].messages[2].content == line_of("%")


def test_repairs_get_warmer_and_stay_within_bounds(walk: Callable[..., Walk]) -> None:
    """The same question at temperature 0 would get the same answer."""
    found = walk(*(line_of(sign) for sign in "*/%@"), gate="false")
    found.run()
    warmth = [request.temperature for request in found.mouth.asked]
    assert warmth[0] == 0.0
    assert warmth == sorted(warmth)
    assert max(warmth) <= 1.0


def test_the_best_failed_attempt_is_the_one_kept(walk: Callable[..., Walk]) -> None:
    """Not the last one as such: the one that breaks least; of equals, the last."""
    found = walk(line_of("*"), line_of("/"), attempts=2)
    state = found.run()
    assert "a / b" in git(found.folder, "show", f"{state.head}:calc.py")


@pytest.mark.parametrize(
    ("error", "ending"),
    [(BudgetExceeded(), Ending.BUDGET), (ProviderRejected(), Ending.PROVIDER)],
)
def test_what_was_paid_for_is_kept_when_no_further_call_is_to_be_had(
    walk: Callable[..., Walk], error: Exception, ending: Ending
) -> None:
    """The attempt is in the log, and whoever resumes goes on from there; the branch stays green."""
    found = walk(line_of("*"), error)
    state = found.run()
    assert (state.ending, state.checkpoints) == (ending, ())
    assert [a.verdict.kind for a in state.attempts if a.verdict] == ["fail"]
    assert "a * b" in git(found.folder, "show", "refs/gitagent/abc123:code/1.1/calc.py")


def test_a_file_that_was_not_seen_whole_is_not_written_whole(
    walk: Callable[..., Walk], repo: Callable[..., Path]
) -> None:
    """What the model did not see would be gone; it is told so, and new files are free."""
    folder = repo({**FILES, "secret_sauce.txt": "a\nb\nc\n"})
    blind = "secret_sauce.txt\n```\nall new\n```\n"
    found = walk(blind, line_of("+") + "\nnew.txt\n```\nnew\n```\n", folder=folder,
                 ignore=("secret_*",))  # fmt: skip
    state = found.run()
    assert state.ending is Ending.DONE, state.message
    assert "whole" in state.attempts[0].problems[0]
    assert git(found.folder, "show", f"{state.head}:secret_sauce.txt") == "a\nb\nc\n"
    assert git(found.folder, "show", f"{state.head}:new.txt") == "new\n"


def test_what_a_model_repeats_of_a_file_it_saw_in_part_takes_nothing_away(
    walk: Callable[..., Walk], repo: Callable[..., Path]
) -> None:
    """Its functions are put into the file that there is; the unseen rest stays."""
    rest = "".join(f"\n\ndef other_{n}(x):\n    return x\n" for n in range(3000))
    folder = repo({**FILES, "calc.py": CALC + rest})
    head = "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n"
    everything = "".join(f"\n\ndef other_{n}(x):\n    return x\n" for n in range(3000))
    found = walk(whole("calc.py", head + everything), folder=folder)
    state = found.run()
    assert state.ending is Ending.DONE, state.message
    assert state.context is not None
    assert [e.whole for e in state.context.excerpts if e.path == "calc.py"] == [False]
    fixed = CALC.replace("return a - b", "return a + b", 1) + rest
    assert git(found.folder, "show", f"{state.head}:calc.py") == fixed


WEAK = replace(PROFILE, weak=True)
PARTS = "import os\n\n\ndef add(a, b):\n    return a + b\n"


@pytest.mark.parametrize(
    ("text", "kept"), [("add must add", True), ("add must add, remove the unused sub", False)]
)
def test_what_a_weak_model_leaves_out_stays_unless_the_task_takes_away(
    walk: Callable[..., Walk], repo: Callable[..., Path], text: str, kept: bool
) -> None:
    """It was asked for functions, so a block that begins like the file is no whole file."""
    folder = repo({**FILES, "calc.py": f"import os\n\n\n{CALC}"})
    found = walk(whole("calc.py", PARTS), folder=folder, edit_format="whole", text=text, weak=True)
    state = found.run()
    assert state.ending is Ending.DONE, state.message
    assert ("def sub" in git(found.folder, "show", f"{state.head}:calc.py")) is kept


def test_a_weak_model_is_asked_again_in_other_words_when_it_changes_nothing(
    walk: Callable[..., Walk],
) -> None:
    """It copies what it sees; another way of asking may help, so all tries are used."""
    same = whole("calc.py", CALC)
    found = walk(same, same, same, whole("calc.py", PARTS), edit_format="whole", weak=True)
    assert found.run().ending is Ending.DONE
    assert len(found.mouth.asked) == 4


def test_a_step_that_fails_stops_the_steps_behind_it(walk: Callable[..., Walk]) -> None:
    """Green steps stay; the failed one is marked; the rest is not begun."""
    found = walk(PLAN, line_of("+"), "nothing", "nothing", plan="always")
    state = found.run()
    assert state.ending is Ending.NO_CHANGE
    assert [c.verdict.kind for c in state.checkpoints] == ["pass"]
    assert git(found.folder, "rev-parse", "agent/add-abc123").strip() == state.head


def test_each_step_is_gated_on_the_one_before(walk: Callable[..., Walk]) -> None:
    """The second commit's parent is the first, and both are green."""
    found = walk(PLAN, line_of("+"), SUB, plan="always")
    state = found.run()
    assert state.ending is Ending.DONE, state.message
    repo = found.line.repo
    first, second = state.checkpoints
    assert isinstance(repo, GitRepo)
    assert repo.parents_of(second.commit)[0] == first.commit
    assert repo.parents_of(first.commit)[0] == state.task.base
    assert [c.verdict.kind for c in state.checkpoints] == ["pass", "pass"]


def test_an_interrupted_task_goes_on_where_its_log_says(
    walk: Callable[..., Walk], repo: Callable[..., Path]
) -> None:
    """Base, context, plan and accepted steps are not done again; the branch is not made again."""
    folder = repo(FILES, name="again")
    first = walk(PLAN, line_of("+"), KeyboardInterrupt(), plan="always", folder=folder)
    assert first.run().ending is Ending.INTERRUPTED
    log = TaskLog.load(GitRepo.open(folder), "abc123")
    second = walk(SUB, plan="always", folder=folder, log=log, gate=f"test -n on; {GREEN}")
    state = second.run()
    assert state.ending is Ending.DONE, state.message
    assert [c.step for c in state.checkpoints] == [1, 2]
    assert len(second.mouth.asked) == 1
    assert git(folder, "rev-list", "--count", "main..agent/add-abc123") == "2\n"


def test_a_branch_that_moved_meanwhile_is_a_conflict_and_stays(
    walk: Callable[..., Walk], repo: Callable[..., Path]
) -> None:
    """Compare-and-swap: what somebody else put there is not overwritten."""
    folder = repo(FILES, name="raced")

    found = walk(line_of("+"), folder=folder)
    git(folder, "branch", "agent/add-abc123")
    state = found.run()
    assert state.ending is Ending.CONFLICT
    assert git(folder, "rev-parse", "agent/add-abc123") == git(folder, "rev-parse", "main")


def test_the_gate_never_tests_a_tree_twice(walk: Callable[..., Walk], tmp_path: Path) -> None:
    """A tree that the log has a verdict on is not exported and run again."""
    count = tmp_path / "count"
    found = walk(PLAN, line_of("+"), SUB, plan="always", gate=f"echo x >>{count}; {GREEN}")
    assert found.run().ending is Ending.DONE
    assert count.read_text().count("x") == 3, "the base, and each of the two trees"


def test_news_says_where_it_stands(walk: Callable[..., Walk]) -> None:
    """Each stage that lasts or decides has its word, warnings as such."""
    found = walk(line_of("*"), block("calc.py", "no such line", "x"), line_of("+"))
    found.run()
    assert [n.stage for n in found.news if not n.passing] == [
        "gate", "context", "gate", "edits", "gate", "commit",
    ]  # fmt: skip
    assert [n.stage for n in found.news if n.warning] == ["gate", "edits"]


def test_the_composition_root_puts_the_line_together(
    repo: Callable[..., Path], server: Callable[..., Any]
) -> None:
    """`app.start` is the same job without a command line: an outcome with its diff."""
    folder = repo({**FILES})
    running = server([Say(line_of("+"))])
    site = open_site(folder, {**os.environ, **running.environment})
    outcome = app.start(
        site, app.Wish("add must add", manner=app.Manner(no_gate=True)), lambda _news: None
    )
    assert outcome.state.ending is Ending.DONE
    assert "+    return a + b" in outcome.diff
    assert len(refs(folder, "refs/heads/agent/")) == 1
    assert (folder / "calc.py").read_text() == CALC
