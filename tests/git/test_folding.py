"""Of the packs of events few are left, and nothing that was in them is lost."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pygit2
import pytest

from gitagent.domain.event import Kind
from gitagent.domain.task import Task, TaskState
from gitagent.git.folding import AT_ONCE, fold
from gitagent.git.log import TaskLog, history
from gitagent.git.pack import HEAD
from gitagent.git.packs import FOLDED, OF_EVENT
from gitagent.git.repository import GitRepo
from gitagent.testing.repositories import git

Make = Callable[..., Path]

GITS_PATIENCE = 50
"""gc.autoPackLimit as git has it."""


def begun(folder: Path, task_id: str = "abc") -> TaskLog:
    repo = GitRepo.open(folder)
    base = repo.resolve("HEAD")
    task = Task(task_id, "t", f"agent/{task_id}", base, "0" * 32, "2026")
    return TaskLog.create(repo, TaskState(task))


def with_events(folder: Path, count: int) -> TaskLog:
    """A task with so many events, each of which is a pack of its own."""
    log = begun(folder)
    for n in range(1, count):
        log.record(Kind.PLANNED, notes={"n": b"%d" % n})
    return log


def place(folder: Path) -> Path:
    return folder / ".git" / "objects" / "pack"


def packs(folder: Path, beginning: str = "") -> list[Path]:
    """The indexes of the packs whose name begins so."""
    return sorted(place(folder).glob(f"{beginning}*.idx"))


def folded(folder: Path, least: int = 2) -> list[str]:
    """The names of the packs once they were folded, if they could be."""
    fold(folder / ".git", str(folder / ".git" / "objects"), least=least)
    return [each.stem[: len(FOLDED)] for each in packs(folder)]


def is_whole(folder: Path) -> bool:
    """Whether the whole log can be read, and git finds nothing wrong."""
    git(folder, "fsck", "--strict", "--no-dangling")
    repo = GitRepo.open(folder)
    numbers = [event.n for event, _ in history(repo, "abc")]
    last = TaskLog.load(repo, "abc").read("n")
    return numbers == list(range(len(numbers), 0, -1)) and last == b"%d" % (len(numbers) - 1)


def objects(folder: Path) -> set[str]:
    return set(git(folder, "cat-file", "--batch-all-objects", "--batch-check").splitlines())


def test_many_packs_become_one(repo: Make) -> None:
    """Not one object is lost, changed or added."""
    folder = repo({"a": "1"})
    with_events(folder, AT_ONCE - 1)
    before = objects(folder)
    assert folded(folder, AT_ONCE) == [OF_EVENT] * (AT_ONCE - 1)
    assert folded(folder) == [FOLDED]
    assert objects(folder) == before
    assert is_whole(folder)


def test_however_long_a_task_is_git_sees_few_packs(repo: Make) -> None:
    """Never so many that git's own gc would begin to work in the user's repository."""
    folder = repo({"a": "1"})
    log, most = begun(folder), 0
    for n in range(1, 20 * AT_ONCE):
        log.record(Kind.PLANNED, notes={"n": b"%d" % n})
        most = max(most, len(packs(folder)))
    assert AT_ONCE <= most < GITS_PATIENCE // 2
    git(folder, "gc", "--auto", "-q")
    assert len(packs(folder)) > 1
    assert is_whole(folder)


def test_who_knew_the_old_packs_finds_all_in_the_new_one(repo: Make) -> None:
    """A reader of ours and one of git's, which has looked there before."""
    folder = repo({"a": "1"})
    repo_open = with_events(folder, AT_ONCE - 1).repo
    tips = [tip for _, tip in history(repo_open, "abc")]
    other = pygit2.Repository(str(folder))
    assert other[tips[-1]].type_str == "commit"
    asking = subprocess.Popen(
        ["git", "cat-file", "--batch-check"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert asking.stdin is not None
    assert asking.stdout is not None
    to, come = asking.stdin, asking.stdout

    def said(name: str) -> str:
        to.write(f"{name}\n")
        to.flush()
        return come.readline()

    with asking, to:
        assert "commit" in said(tips[0])
        assert folded(folder) == [FOLDED]
        for tip in tips:
            assert "commit" in said(tip)
            assert other[tip].peel(pygit2.Tree) is not None
            assert repo_open.tree_of(tip)


def test_a_pack_in_use_stays(repo: Make) -> None:
    """Nothing leads to it yet, and git must not take it out of a folded one."""
    folder = repo({"a": "1"})
    log = with_events(folder, 5)
    with log.repo.event_pack() as pack:
        pack.add(3, b"in use")
        pack.put()
        assert sorted(folded(folder)) == [OF_EVENT, FOLDED]
        assert len([*place(folder).glob("*.keep")]) == 1
    git(folder, "gc", "-q", "--prune=now")
    assert not [*place(folder).glob("*.keep")]
    assert is_whole(folder)


def test_what_a_person_keeps_is_kept(repo: Make) -> None:
    """A `.keep` file that is not ours stands for somebody's wish."""
    folder = repo({"a": "1"})
    with_events(folder, 5)
    keep = packs(folder)[0].with_suffix(".keep")
    keep.write_text("mine\n")
    assert sorted(folded(folder)) == [OF_EVENT, FOLDED]
    assert keep.exists()


@pytest.mark.parametrize("left", [".pack", ".idx"])
def test_half_a_pack_of_a_dead_process_goes(repo: Make, left: str) -> None:
    """git takes no notice of it, and removes it never; while it is kept, it may become whole."""
    folder = repo({"a": "1"})
    with_events(folder, 3)
    half = place(folder) / f"{OF_EVENT}{'0' * 23}{left}"
    half.write_bytes(b"half")
    keep = half.with_suffix(".keep")
    keep.write_bytes(HEAD)
    with keep.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        folded(folder)
        assert half.exists()
    folded(folder, 0)
    assert not half.exists()
    assert not keep.exists()
    assert is_whole(folder)


def test_what_is_not_ours_is_not_touched(repo: Make) -> None:
    """The user's packs stay as they are, half ones too."""
    folder = repo({"a": "1"})
    git(folder, "repack", "-adq")
    (place(folder) / f"pack-{'1' * 40}.pack").write_bytes(b"half")
    theirs = {each: each.stat().st_mtime_ns for each in place(folder).iterdir()}
    with_events(folder, 5)
    folded(folder)
    assert len(packs(folder)) == 2
    assert {each: each.stat().st_mtime_ns for each in theirs} == theirs


def test_a_damaged_pack_is_left_as_it_is(repo: Make) -> None:
    """What cannot be read is not lost with what can."""
    folder = repo({"a": "1"})
    log = with_events(folder, 5)
    with log.repo.event_pack() as pack:
        pack.add(3, b"to be damaged")
        pack.put()
    damaged = max(place(folder).glob("*.pack"), key=lambda each: each.stat().st_mtime_ns)
    damaged.chmod(0o644)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    assert sorted(folded(folder)) == [OF_EVENT, FOLDED]
    assert damaged.exists()


@contextmanager
def one_folds(folder: Path) -> Iterator[None]:
    handle = os.open(place(folder), os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    yield
    os.close(handle)


@contextmanager
def a_gc_is_at_work(folder: Path) -> Iterator[None]:
    pid = folder / ".git" / "gc.pid"
    pid.write_text(f"{os.getpid()} {socket.gethostname()}")
    yield
    pid.unlink()


@contextmanager
def git_indexes_many_packs(folder: Path) -> Iterator[None]:
    git(folder, "multi-pack-index", "write")
    yield


@pytest.mark.parametrize("busy", [one_folds, a_gc_is_at_work, git_indexes_many_packs])
def test_where_others_are_at_work_nothing_is_folded(
    repo: Make, busy: Callable[[Path], Iterator[None]]
) -> None:
    """It can wait for a later event."""
    folder = repo({"a": "1"})
    with_events(folder, 5)
    with busy(folder):  # type: ignore[attr-defined]
        assert folded(folder) == [OF_EVENT] * 5


def test_a_full_disk_folds_nothing_and_loses_no_event(
    repo: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event is kept already; the copy is for later."""
    folder = repo({"a": "1"})
    log = with_events(folder, AT_ONCE - 1)
    monkeypatch.setenv("GITAGENT_FAILPOINT", "packs folded!full")
    log.record(Kind.PLANNED, notes={"n": b"%d" % (AT_ONCE - 1)})
    assert is_whole(folder)
    monkeypatch.delenv("GITAGENT_FAILPOINT")
    assert len(packs(folder)) == AT_ONCE + 1
    assert folded(folder) == [FOLDED]
    assert is_whole(folder)


def test_tasks_at_once_under_careless_gits_lose_nothing(repo: Make) -> None:
    """Each `git repack -ad` removes what nothing leads to, and says to nobody that it is there."""
    folder = repo({"a": "1"})
    logs = [begun(folder, f"abc{n}") for n in range(3)]
    careless = threading.Event()

    def repack() -> None:
        while not careless.is_set():
            subprocess.run(["git", "repack", "-adq"], cwd=folder, check=True)

    def work(log: TaskLog) -> None:
        for n in range(2 * AT_ONCE):
            log.record(Kind.PLANNED, notes={"n": b"%d" % n})

    repacking = threading.Thread(target=repack)
    working = [threading.Thread(target=work, args=[log]) for log in logs]
    for thread in (repacking, *working):
        thread.start()
    for thread in working:
        thread.join()
    careless.set()
    repacking.join()
    git(folder, "fsck", "--strict", "--no-dangling")
    for log in logs:
        found = GitRepo.open(folder)
        assert len([*history(found, log.state.task.id)]) == 2 * AT_ONCE + 1
        assert TaskLog.load(found, log.state.task.id).read("n") == b"%d" % (2 * AT_ONCE - 1)
