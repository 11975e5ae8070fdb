"""The durable log of a task: what was recorded is read back, and nobody is overwritten."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gitagent.domain.call import Call
from gitagent.domain.context import Context, Excerpt, Hit, Span
from gitagent.domain.edit import File
from gitagent.domain.event import Kind
from gitagent.domain.plan import Plan, PlanStep
from gitagent.domain.task import Attempt, Checkpoint, Task, TaskState
from gitagent.domain.verdict import CommandRun, Verdict
from gitagent.errors import Conflict, Ending, UnknownTask
from gitagent.git import log, state_files
from gitagent.git.log import TaskLog
from gitagent.git.repository import GitRepo
from gitagent.testing import long_task
from gitagent.testing.repositories import git
from gitagent.testing.snapshot import snapshot

Make = Callable[..., Path]
VERDICT = Verdict("pass", passed=("t::a",), fixed=("t::b",))
CALL = Call(1, "plan", 0, 1, "m", "p", "ok", "k", "h", "0" * 32, "2026", cost_usd=0.1)


def new_task(base: str, task_id: str = "abc123", created: str = "2026-01-01") -> Task:
    return Task(task_id, "Do it ☃", f"agent/do-it-{task_id}", base, "0" * 32, created)


def full(repo: GitRepo) -> TaskState:
    base = repo.resolve("HEAD")
    tree = repo.tree_of(base)
    return TaskState(
        new_task(base),
        Context((Hit("a", 1.5, ("text",), (Span(1, 2),)),), (Excerpt("a", "x", True),), ("a",)),
        Plan((PlanStep(1, "One", "do", ("a",)),), planned=True),
        (CommandRun("unittest", 0, "ok", 0.5, tests={"t::a": "passed"}),),
        (Attempt(1, 1, "m", problems=("bad",)), Attempt(1, 2, "m", tree, "S", (), VERDICT)),
        (Checkpoint(1, "One", base, tree, "m", "p", 2, ("a",), VERDICT),),
        (CALL, replace(CALL, seq=2, status="reserved")),
        Ending.GATE_FAILED,
        "why",
        1.25,
        {"kind": "branch", "n": 1},
    )


def test_a_whole_state_is_read_back_as_it_was(repo: Make) -> None:
    """Every fact that is recorded comes back equal, from another process's point of view."""
    folder = repo({"a": "1"})
    opened = GitRepo.open(folder)
    state = full(opened)
    TaskLog.create(opened, state)
    again = TaskLog.load(GitRepo.open(folder), "abc123")
    assert again.state == state
    assert again.read("task.json") is not None
    assert again.read("no/such") is None


def test_one_event_is_one_commit_whose_files_git_can_show(repo: Make) -> None:
    """The chain grows by a commit an event, keeps notes and code, and touches nothing else."""
    folder = repo({"a": "1"})
    before = snapshot(folder)
    opened = GitRepo.open(folder)
    base = opened.resolve("HEAD")
    running = TaskLog.create(opened, TaskState(new_task(base)))
    running.record(
        Kind.ANSWERED, "1: plan", notes={"exchange/0001.reply.json": b"{}"}, calls=(CALL,)
    )
    tree = opened.with_files(opened.tree_of(base), {"a": File(b"2")})
    running.add_attempt(Attempt(1, 1, "m", tree, verdict=VERDICT))
    running.add_attempt(Attempt(1, 1, "m", tree, verdict=VERDICT))
    subjects = git(folder, "log", "--format=%s", f"{base}..refs/gitagent/abc123").splitlines()
    assert subjects == ["verdict 1.1: pass", "call answered 1: plan", "task created"]
    assert len(running.state.attempts) == 1
    assert git(folder, "show", "refs/gitagent/abc123:code/1.1/a") == "2"
    assert "Agent-Trace: " + "0" * 32 in git(folder, "log", "-1", "refs/gitagent/abc123")
    assert before.diff(snapshot(folder)) == []
    assert TaskLog.load(opened, "abc123").state == running.state


def test_what_no_longer_holds_is_gone(repo: Make) -> None:
    """A task that goes on has no ending any more; the time it took stays."""
    opened = GitRepo.open(repo({"a": "1"}))
    running = TaskLog.create(opened, TaskState(new_task(opened.resolve("HEAD"))))
    running.record(Kind.ENDED, ending=Ending.BUDGET, message="m", delivery={"k": 1}, seconds=2.0)
    running.record(Kind.BEGAN, ending=None, message="", delivery={})
    assert TaskLog.load(opened, "abc123").state == running.state
    running.record(Kind.ENDED, seconds=0.0)
    assert TaskLog.load(opened, "abc123").state == running.state


def test_a_second_writer_is_told(repo: Make) -> None:
    """Two that go on with one task: the later one gets a Conflict and has changed nothing."""
    opened = GitRepo.open(repo({"a": "1"}))
    first = TaskLog.create(opened, TaskState(new_task(opened.resolve("HEAD"))))
    second = TaskLog.load(opened, "abc123")
    first.record(Kind.ENDED, message="first")
    with pytest.raises(Conflict):
        second.record(Kind.ENDED, message="second")
    assert second.state.message == ""
    assert TaskLog.load(opened, "abc123").state.message == "first"
    with pytest.raises(Conflict):
        TaskLog.create(opened, TaskState(new_task(opened.resolve("HEAD"))))


@pytest.mark.parametrize("task_id", ["", "nope", "../heads/main", "a/b", "A", "a b", "x\n"])
def test_ids_that_are_no_task_are_unknown(repo: Make, task_id: str) -> None:
    """Whatever stands on the command line, only a task's own ref is read."""
    with pytest.raises(UnknownTask):
        TaskLog.load(GitRepo.open(repo({"a": "1"})), task_id)


def test_a_state_that_speaks_of_another_branch_is_not_followed(repo: Make) -> None:
    """A ref that was fetched from anywhere cannot send the agent to `main` or another task."""
    opened = GitRepo.open(repo({"a": "1"}))
    base = opened.resolve("HEAD")
    good = new_task(base)
    for forged in (replace(good, branch="main"), replace(good, id="other")):
        TaskLog.create(opened, TaskState(forged))
        if forged.id != good.id:
            opened.move_ref(log.FAMILY + good.id, str(opened.ref(log.FAMILY + forged.id)), None, "")
        with pytest.raises(Conflict, match="is not the state of a task"):
            TaskLog.load(opened, good.id)
        opened.delete_ref(log.FAMILY + good.id, str(opened.ref(log.FAMILY + good.id)))


def test_what_is_not_a_state_is_named(repo: Make) -> None:
    """A ref to a blob, to any commit, or to broken JSON is a Conflict that names the ref."""
    folder = repo({"a": "1", "task.json": "{", "b": "1"})
    head = git(folder, "rev-parse", "HEAD").strip()
    blob = git(folder, "rev-parse", "HEAD:a").strip()
    empty = git(folder, "commit-tree", "-m", "x", git(folder, "mktree", "--missing").strip())
    for target in (head, blob, empty.strip()):
        git(folder, "update-ref", "refs/gitagent/abc123", target)
        with pytest.raises(Conflict, match="refs/gitagent/abc123 is not") as caught:
            TaskLog.load(GitRepo.open(folder), "abc123")
        assert "update-ref -d" in caught.value.hint


def test_the_newest_task_is_that_of_the_latest_start(repo: Make) -> None:
    """Tasks are listed newest first; where there is none, that is said."""
    opened = GitRepo.open(repo({"a": "1"}))
    with pytest.raises(UnknownTask):
        log.newest(opened)
    for task_id, created in (("b", "2026-01-02"), ("c", "2026-01-03"), ("a", "2026-01-01")):
        TaskLog.create(opened, TaskState(new_task(opened.resolve("HEAD"), task_id, created)))
    assert [state.task.id for state in log.tasks(opened)[0]] == ["c", "b", "a"]
    assert log.newest(opened) == "c"
    log.delete(opened, "c")
    assert log.newest(opened) == "b"
    with pytest.raises(Conflict):
        log.delete(opened, "c")


def test_what_an_event_does_not_write_again_is_as_it_was(tmp_path: Path) -> None:
    """A fact that stays is taken over from the event before; the state is whole all the same."""
    opened = GitRepo.open(long_task.repository(tmp_path / "repo"))
    running = TaskLog.create(opened, long_task.new(opened, "abc123"))
    for _, act in long_task.acts(opened, 8):
        act(running)
        assert TaskLog.load(opened, "abc123").state == running.state
    wanted = state_files.encode(running.state)
    assert {name: running.read(name) for name in wanted} == wanted
    assert len(wanted) > 20


def test_a_note_goes_with_the_next_event(repo: Make) -> None:
    """Also where it takes the place of a fact that the log has already."""
    opened = GitRepo.open(repo({"a": "1"}))
    state = long_task.new(opened, "abc123")
    running = TaskLog.create(opened, state)
    running.note(runs=(replace(state.runs[0], model="another"),))
    running.record(Kind.PLANNED)
    assert TaskLog.load(opened, "abc123").state.runs[0].model == "another"


def test_what_cannot_be_read_does_not_hide_the_others(repo: Make) -> None:
    """Lists go on; what is wrong is said of each ref that is no task."""
    folder = repo({"a": "1"})
    opened = GitRepo.open(folder)
    TaskLog.create(opened, long_task.new(opened, "abc123"))
    git(folder, "update-ref", "refs/gitagent/other", "refs/gitagent/abc123")
    git(folder, "update-ref", "refs/gitagent/zzz", "HEAD^{tree}")
    git(folder, "update-ref", "refs/gitagent/salvaged/abc123", "HEAD")
    for read in (log.listing, log.tasks):
        found, unreadable = read(opened)
        assert len(found) == 1
        assert [bad.id for bad in unreadable] == ["other", "zzz"]
        assert all(bad.id in bad.reason and bad.id in bad.hint for bad in unreadable)
    assert log.newest(opened) == "abc123"


def test_what_is_noted_goes_with_the_next_event(repo: Make) -> None:
    """It is worth no event of its own, and is kept as soon as there is one."""
    opened = GitRepo.open(repo({"a": "1"}))
    running = TaskLog.create(opened, TaskState(new_task(opened.resolve("HEAD"))))
    running.note(message="noted")
    assert TaskLog.load(opened, "abc123").state.message == ""
    running.record(Kind.DELIVERED, delivery={"kind": "branch"})
    assert running.state.message == "noted"
    assert TaskLog.load(opened, "abc123").state == running.state
    running.record(Kind.ENDED, message="")
    assert TaskLog.load(opened, "abc123").state.message == ""
