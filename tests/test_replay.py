"""A replay comes to the trees that were recorded, or says where it goes another way."""

from __future__ import annotations

import hashlib
import re
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bench import CALC, FILES, FIX, GREEN, TEXT, Bench, Done, block, line_of, plan_of, whole

from gitagent.domain.edit import File, Landing
from gitagent.domain.event import Kind
from gitagent.domain.plan import Plan, PlanStep
from gitagent.domain.rules import Rules, Settings
from gitagent.domain.run import Process, Run
from gitagent.domain.task import Attempt, Checkpoint, Task, TaskState
from gitagent.domain.verdict import Verdict
from gitagent.errors import Conflict, Ending, UsageError
from gitagent.git import log
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.index.code import CodeIndex
from gitagent.redaction import Redactor
from gitagent.replay import Replay, document
from gitagent.replay import replay as replay_log
from gitagent.stages import apply as apply_stage
from gitagent.stages import propose as propose_stage
from gitagent.testing.repositories import build, git
from gitagent.testing.scripted import Empty, Hang, Say, Status

RECORDED = sorted(Path(__file__).parent.joinpath("recorded").glob("*.bundle"))
SUB = line_of("+").replace("def add", "def sub")
PLANNED = ("--plan", "always", "--gate", GREEN)
RULES = Rules("never", 5, 4, "search-replace", 4000, (), (), "branch")
RUN = Run(
    1, Process("h", "m", "s", 1, "1"), "2026-01-01", "openai/m", Settings(RULES, 16000, 2000, False)
)


@pytest.fixture
def bench(server: Callable[..., Any], agent_inline: Callable[..., Any]) -> Bench:
    return Bench(server, agent_inline)


@pytest.fixture
def calc(repo: Callable[..., Path]) -> Path:
    return repo(FILES)


@pytest.fixture
def two_steps(bench: Bench, calc: Path) -> Done:
    """A plan of two steps, the first of which is right at the second try."""
    done = bench.task(calc, *PLANNED, says=[plan_of("Add", "Turn"), line_of("*"), FIX, SUB])
    assert done.code == 0, done.err
    return done


def again(folder: Path, task_id: str = "") -> Replay:
    repo = GitRepo.open(folder)
    return replay_log(TaskLog.load(repo, task_id or log.newest(repo)), Redactor())


def unbundled(bundle: Path, folder: Path) -> Path:
    """A bare repository with what a bundle holds."""
    git(build(folder / "empty", {}), "init", "--quiet", "--bare", str(folder / "bare"))
    git(folder / "bare", "fetch", "--quiet", str(bundle), "refs/*:refs/*")
    return folder / "bare"


def every_file(folder: Path) -> dict[str, str]:
    """All that is in a folder, the git folder's objects included."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def said(found: Replay) -> list[tuple[str, str]]:
    return [(each.kind, each.where) for each in found.findings.differences]


# --- Recorded tasks ---------------------------------------------------------------------------


@pytest.mark.parametrize("bundle", RECORDED, ids=lambda path: path.stem)
def test_every_recorded_task_comes_to_the_same_trees(bundle: Path, tmp_path: Path) -> None:
    """Our regression test: prompts may be worded anew, but the same replies make the same trees.

    Where a change is meant to make other trees, `python tests/recorded/make.py` records anew.
    """
    folder = unbundled(bundle, tmp_path)
    before = every_file(folder)
    found = again(folder)
    told = document(found)
    assert found.same, found.findings.differences
    assert all(step["same"] and step["rebuilt"] for step in told["steps"] if step["tree"])
    assert all(a["same"] for step in told["steps"] for a in step["attempts"])
    assert all(call["prompt"] != "not asked" for call in told["calls"])
    assert every_file(folder) == before


def test_the_recordings_hold_what_a_task_can_meet(tmp_path: Path) -> None:
    """A plan, a repair, another run with another model, a call that failed, a real model."""
    states = {}
    for bundle in RECORDED:
        repo = GitRepo.open(unbundled(bundle, tmp_path / bundle.stem))
        states[bundle.stem] = TaskLog.load(repo, log.newest(repo)).state
    models = {name: {call.provider for call in state.calls} for name, state in states.items()}
    assert any(state.plan and state.plan.planned for state in states.values())
    assert any(len({run.model for run in state.runs}) > 1 for state in states.values())
    assert any(call.status == "error" for state in states.values() for call in state.calls)
    assert sum(providers == {"local"} for providers in models.values()) >= 3
    assert any(
        attempt.n > 1
        for name, state in states.items()
        if models[name] == {"local"}
        for attempt in state.attempts
    )
    assert all(path.stat().st_size < 30_000 for path in RECORDED)


# --- What is replayed -------------------------------------------------------------------------


def test_a_task_is_rebuilt_where_nothing_else_is_there(two_steps: Done, tmp_path: Path) -> None:
    """On another machine: fetched, bare, without the branch, with no identity and no model."""
    other = tmp_path / "bare"
    git(two_steps.folder, "init", "--quiet", "--bare", str(other))
    git(other, "fetch", "--quiet", str(two_steps.folder), "refs/gitagent/*:refs/gitagent/*")
    found = again(other)
    assert found.same
    assert said(found) == []
    trees = [step["rebuilt"] for step in document(found)["steps"]]
    assert trees == [
        git(two_steps.folder, "rev-parse", f"{two_steps.branch}{at}^{{tree}}").strip()
        for at in ("~1", "")
    ]


def test_nothing_is_written_and_nothing_is_left(two_steps: Done, home: Path) -> None:
    """Not an object, not a ref, not a reflog; and the place it was done in is gone."""
    before = every_file(two_steps.folder)
    assert again(two_steps.folder).same
    assert every_file(two_steps.folder) == before
    assert list((home / ".cache").rglob("replay-*")) == []


@pytest.mark.parametrize(
    ("says", "args", "ending"),
    [
        ([FIX], ["--max-calls", "1", "--plan", "always"], Ending.BUDGET),
        ([plan_of("Add", "Turn"), line_of("*")], ["--max-calls", "2", *PLANNED], Ending.BUDGET),
        ([plan_of("Add", "Turn"), Status(400)], PLANNED, Ending.PROVIDER),
        ([Status(401)], ["--no-gate"], Ending.PROVIDER),
        ([Empty()], ["--no-gate"], Ending.PROVIDER),
        ([block("calc.py", "no such line", "x")] * 4, ["--no-gate"], Ending.NO_CHANGE),
        ([whole(".github/workflows/x.yml", "on: push\n")] * 4, ["--no-gate"], Ending.REFUSED),
        ([line_of(sign) for sign in "*/%*"], ["--gate", GREEN], Ending.GATE_FAILED),
        ([Status(503, headers={"Retry-After": "0"}), FIX], ["--gate", GREEN], Ending.DONE),
        (["no plan", plan_of("Add"), FIX], PLANNED, Ending.DONE),
    ],
)
def test_every_ending_is_replayed(
    bench: Bench, calc: Path, says: list[Any], args: list[str], ending: Ending
) -> None:
    """The errors that a run met are met again, at the same place, and end it in the same way."""
    done = bench.task(calc, *args, says=says)
    found = again(calc, done.id)
    assert found.recorded.ending is ending
    assert found.same, found.findings.differences
    assert said(found) == []
    assert set(found.findings.asked) == {call.seq for call in found.recorded.calls}


@pytest.mark.parametrize(
    "dies_at",
    ["context gathered: kept", "call reserved: kept#2", "branch moved, log not yet"],
)
def test_a_task_of_two_runs_is_replayed_as_two(
    agent: Callable[..., Any], server: Callable[..., Any], calc: Path, dies_at: str
) -> None:
    """The first run is cut off where it was killed; the second had another model and other
    rules."""
    script = [plan_of("Add", "Turn"), line_of("*"), FIX, SUB]
    model = server([Say(text) for text in script])
    env = {**model.environment, "GITAGENT_FAILPOINT": dies_at}
    killed = agent("task", TEXT, *PLANNED, cwd=calc, env=env)
    assert killed.code == -9, killed.err
    resumed = agent(
        "resume",
        *PLANNED,
        *("--model", "openai/another", "--edit-format", "whole"),
        cwd=calc,
        env=model.environment,
    )
    found = again(calc)
    assert (resumed.code, len(found.runs)) == (0, 2), resumed.err
    assert [past.settings.rules.edit_format for past in found.runs][1] == "whole"
    assert found.same, found.findings.differences
    assert said(found) == []


def test_a_task_that_was_interrupted_is_replayed(
    agent: Callable[..., Any], server: Callable[..., Any], calc: Path
) -> None:
    """Ctrl-C ends a run for a reason that is not in its log: it is followed up to there."""
    model = server([Say(plan_of("Add", "Turn")), Hang(30), Say(FIX), Say(SUB)])
    running = agent.start("task", TEXT, *PLANNED, cwd=calc, env=model.environment)
    while len(model.calls) < 2:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    running.communicate()
    interrupted = again(calc)
    assert interrupted.recorded.ending is Ending.INTERRUPTED
    assert (interrupted.same, said(interrupted)) == (True, [])
    resumed = agent("resume", *PLANNED, cwd=calc, env=model.environment)
    assert resumed.code == 0, resumed.err
    found = again(calc)
    assert (found.same, said(found), len(found.runs)) == (True, [], 2)


@pytest.mark.parametrize("calls", [2, 3])
def test_a_task_that_went_on_elsewhere_is_replayed(
    bench: Bench, server: Callable[..., Any], calc: Path, tmp_path: Path, calls: int
) -> None:
    """There the gate was asked anew, for what another machine says of a tree is not believed."""
    script = [plan_of("Add", "Turn"), line_of("*"), FIX, SUB]
    begun = bench.task(calc, *PLANNED, "--max-calls", str(calls), says=script[:calls])
    assert begun.code == Ending.BUDGET.exit_code
    other = tmp_path / "other"
    git(calc, "clone", "--quiet", ".", str(other))
    git(other, "fetch", "--quiet", "origin", "refs/gitagent/*:refs/gitagent/*")
    model = server([Say(text) for text in script[calls:]])
    ran = bench.run("resume", begun.id, *PLANNED, cwd=other, env=model.environment)
    assert ran.code == 0, ran.err
    found = again(other)
    assert [past.run.epoch for past in found.runs] == [1, 2]
    assert found.same, found.findings.differences
    assert said(found) == []


def test_a_run_that_came_to_nothing_is_no_difference(repo: Callable[..., Path]) -> None:
    """Killed before it had a model, there is nothing to rebuild, and that is no failure."""
    opened = GitRepo.open(repo(FILES))
    task = Task("abc123", TEXT, "agent/x-abc123", opened.resolve("HEAD"), "0" * 32, "2026")
    found = replay_log(
        TaskLog.create(opened, TaskState(task, runs=(replace(RUN, settings=None),))), Redactor()
    )
    assert found.same
    assert found.runs == ()


def test_a_key_in_the_code_comes_back_to_its_place(bench: Bench, repo: Callable[..., Path]) -> None:
    """The log has a placeholder for it; the tree that is rebuilt has the key."""
    key = "ghp_" + "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX"
    folder = repo({"calc.py": f'TOKEN = "{key}"\nADDS = 1\n'})

    def answer(asked: dict[str, Any]) -> Say:
        [shown] = set(re.findall("REDACTED_[A-Z_]+_[0-9]+", asked["messages"][-1]["content"]))
        was, now = (f'TOKEN = "{shown}"\nADDS = {n}' for n in (1, 2))
        return Say(block("calc.py", was, now))

    done = bench.task(folder, "--no-gate", says=answer)
    assert done.code == 0, done.err
    assert key in git(folder, "show", f"{done.branch}:calc.py")
    found = again(folder)
    assert found.same
    assert said(found) == []


# --- Where the code has changed ---------------------------------------------------------------


def test_edits_that_land_otherwise_are_found_at_their_try(
    two_steps: Done, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first tree that is another one is named and shown; what follows from it is not told."""
    land = apply_stage.land

    def longer(*args: Any) -> Landing:
        landing = land(*args)
        changes = {
            path: file and File(file.data + b"# changed\n")
            for path, file in landing.changes.items()
        }
        return replace(landing, changes=changes)

    monkeypatch.setattr(apply_stage, "land", longer)
    found = again(two_steps.folder)
    assert not found.same
    assert said(found) == [("tree", "try 1.1")]
    assert "+# changed" in found.findings.differences[0].diff
    told = document(found)
    assert [(s["same"], s["rebuilt"]) for s in told["steps"]] == [(False, None)] * 2
    assert [call["prompt"] for call in told["calls"]] == ["same", "same", "not asked", "not asked"]


def test_edits_that_no_longer_fit_are_found(
    two_steps: Done, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply that made a tree and makes none now: what is wrong with it is said."""
    monkeypatch.setattr(apply_stage, "land", lambda *_: Landing({}, ("nothing fits any more",)))
    [difference] = again(two_steps.folder).findings.differences
    assert (difference.kind, difference.where) == ("tree", "try 1.1")
    assert difference.diff == "nothing fits any more"


def test_a_prompt_in_other_words_is_told_and_the_trees_are_the_same(
    two_steps: Done, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message that differs first is shown, for each call whose question has changed."""
    render = propose_stage.render

    def politely(name: str, **words: str) -> str:
        return render(name, **words) + ("Please.\n" if name == "closing_search-replace" else "")

    monkeypatch.setattr(propose_stage, "render", politely)
    found = again(two_steps.folder)
    assert found.same
    assert said(found) == [("prompt", f"call {n}") for n in (2, 3, 4)]
    assert "message 2 (user)" in found.findings.differences[0].said
    assert "+Please." in found.findings.differences[0].diff
    assert [call["prompt"] for call in document(found)["calls"]] == ["same", *["differs"] * 3]


def test_another_context_is_told(two_steps: Done, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown to the model is compared as such, before the prompts that it is in."""
    monkeypatch.setattr(CodeIndex, "search", lambda *_: [])
    found = again(two_steps.folder)
    assert found.same
    assert ("context", "context") in said(found)


def test_a_verdict_is_given_again_and_not_found_out(
    bench: Bench, calc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No command runs: what the gate's command would leave behind is not there."""
    monkeypatch.setenv("GITAGENT_GATE_SANDBOX", "plain")  # the other leaves nothing behind
    mark = tmp_path / "gate-ran"
    done = bench.task(calc, "--gate", f"touch {mark}; {GREEN}", says=[FIX])
    assert done.code == 0, done.err
    mark.unlink()
    assert again(calc).same
    assert not mark.exists()


# --- What cannot be replayed, and what is forged ----------------------------------------------


def test_a_dry_run_kept_nothing_to_compare_with(bench: Bench, calc: Path) -> None:
    """It is said in a sentence, before anything is done."""
    done = bench.task(calc, "--dry-run", "--no-gate")
    with pytest.raises(UsageError, match="dry run"):
        again(calc, done.id)


def test_a_log_without_settings_is_not_guessed_at(repo: Callable[..., Path]) -> None:
    """What shaped the run is not known, so whatever came out would say nothing."""
    opened = GitRepo.open(repo(FILES))
    task = Task("abc123", TEXT, "agent/x-abc123", opened.resolve("HEAD"), "0" * 32, "2026")
    running = TaskLog.create(opened, TaskState(task, runs=(replace(RUN, settings=None),)))
    running.record(Kind.BASE_GATED, base_runs=())
    with pytest.raises(UsageError, match="did not keep what a replay needs"):
        replay_log(running, Redactor())


def test_a_forged_record_is_a_difference_and_does_nothing(repo: Callable[..., Path]) -> None:
    """Trees and commits that are nowhere, verdicts out of the air: compared, never followed."""
    folder = repo(FILES)
    opened = GitRepo.open(folder)
    head = opened.resolve("HEAD")
    task = Task("abc123", TEXT, "agent/x-abc123", head, "0" * 32, "2026")
    running = TaskLog.create(opened, TaskState(task, runs=(RUN,)))
    green = Verdict("pass", passed=("all",))
    attempt = Attempt(1, 1, "m", "e" * 40, verdict=green)
    step = Checkpoint(1, "x", "f" * 40, "e" * 40, "m", "p", 1, ("../x",), green)
    running.record(
        Kind.ENDED,
        base_runs=(),
        attempts=(attempt,),
        checkpoints=(step,),
        plan=Plan((PlanStep(1, "x", "x"),)),
        ending=Ending.DONE,
        delivery={"kind": "patch", "patches": ["../../x"]},
    )
    before = every_file(folder)
    found = again(folder)
    assert not found.same
    assert every_file(folder) == before


def test_trees_and_commits_that_nobody_has_are_differences(two_steps: Done) -> None:
    """The record may name anything; what is not there is not looked for elsewhere."""
    nowhere = "f" * 40
    running = TaskLog.load(GitRepo.open(two_steps.folder), two_steps.id)
    honest = running.state
    first, *others = honest.attempts
    running.record(Kind.JUDGED, attempts=(replace(first, tree=nowhere), *others))
    assert said(again(two_steps.folder)) == [("tree", "try 1.1")]
    step, *later = honest.checkpoints
    forged = (replace(step, commit=nowhere), *later)
    running.record(Kind.CHECKPOINT, attempts=honest.attempts, checkpoints=forged)
    assert said(again(two_steps.folder)) == [("tree", "step 1")]


def test_a_chain_that_is_not_ours_is_named(repo: Callable[..., Path]) -> None:
    """An event that says it has others before it, and stands on none."""
    folder = repo(FILES)
    opened = GitRepo.open(folder)
    task = Task("abc123", TEXT, "agent/x-abc123", opened.resolve("HEAD"), "0" * 32, "2026")
    running = TaskLog.create(opened, TaskState(task, runs=(RUN,)))
    running.record(Kind.BASE_GATED, base_runs=())
    tree = git(folder, "rev-parse", "refs/gitagent/abc123^{tree}").strip()
    message = git(folder, "log", "-1", "--format=%B", "refs/gitagent/abc123")
    for parents in ([], ["-p", opened.resolve("HEAD")]):
        alone = git(folder, "commit-tree", "-m", message, *parents, tree).strip()
        git(folder, "update-ref", "refs/gitagent/abc123", alone)
        if parents:
            with pytest.raises(Conflict):
                again(folder, "abc123")
        else:
            assert again(folder, "abc123").runs == ()


def test_what_shaped_a_run_is_kept_and_read_back(two_steps: Done) -> None:
    """The rules and the window are in the log from the first event that follows the model."""
    state = TaskLog.load(GitRepo.open(two_steps.folder), two_steps.id).state
    settings = state.runs[0].settings
    assert settings is not None
    assert (settings.rules.plan, settings.rules.deliver) == ("always", "branch")
    assert settings.window > settings.max_output > 0
    assert CALC in git(two_steps.folder, "show", f"{state.task.base}:calc.py")
