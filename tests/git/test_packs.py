"""What an event is made of is in one pack, which nobody takes away before a ref leads to it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from gitagent.domain.event import Kind
from gitagent.domain.task import Task, TaskState
from gitagent.errors import Unwritable
from gitagent.git.log import TaskLog
from gitagent.git.packs import OF_EVENT
from gitagent.git.repository import GitRepo
from gitagent.git.unkept import BLOB, object_id
from gitagent.testing.repositories import git

Make = Callable[..., Path]

CARELESS = (["gc", "-q", "--prune=now"], ["repack", "-adq"], ["prune", "--expire=now"])
"""What takes objects to which no ref leads; the last two do not say that they are at work."""


def begun(folder: Path) -> TaskLog:
    repo = GitRepo.open(folder)
    base = repo.resolve("HEAD")
    return TaskLog.create(repo, TaskState(Task("abc", "t", "agent/abc", base, "0" * 32, "2026")))


def packs(folder: Path, suffix: str = ".idx") -> set[str]:
    return {place.stem for place in (folder / ".git" / "objects" / "pack").glob(f"*{suffix}")}


def loose(folder: Path) -> int:
    return int(git(folder, "count-objects").split()[0])


def is_there(folder: Path, name: str) -> bool:
    return subprocess.run(["git", "cat-file", "-e", name], cwd=folder).returncode == 0


def test_an_event_is_two_files(repo: Make) -> None:
    """A pack and its index, whatever it says; what kept it is gone."""
    folder = repo({"a": "1"})
    log = begun(folder)
    before, count = packs(folder), loose(folder)
    log.record(Kind.PLANNED, "two", notes={"deep/er/n": b"1", "n": b"2"})
    (made,) = packs(folder) - before
    assert made.startswith(OF_EVENT)
    assert loose(folder) == count
    assert packs(folder, ".keep") == set()
    assert git(folder, "show", "refs/gitagent/abc:deep/er/n") == "1"
    assert log.read("n") == b"2"


@pytest.mark.parametrize("careless", CARELESS)
def test_what_nothing_leads_to_yet_is_kept_until_then(repo: Make, careless: list[str]) -> None:
    """From git commands which do not say that they are at work as well."""
    folder = repo({"a": "1"})
    with GitRepo.open(folder).event_pack() as pack:
        made = pack.add(BLOB, b"not led to")
        pack.put()
        git(folder, *careless)
        assert is_there(folder, made)
    git(folder, "gc", "-q", "--prune=now")
    assert not is_there(folder, made)


def test_what_came_to_nothing_is_let_go(repo: Make) -> None:
    """An event that could not be kept leaves a pack that git may take."""
    folder = repo({"a": "1"})

    def fail() -> None:
        with GitRepo.open(folder).event_pack() as pack:
            pack.add(BLOB, b"of no use")
            pack.put()
            raise Unwritable

    with pytest.raises(Unwritable):
        fail()
    assert packs(folder, ".keep") == set()
    assert len(packs(folder)) == 1


def test_a_pack_of_a_dead_process_is_not_kept_for_ever(repo: Make) -> None:
    """Who finds it can take the lock on what keeps it."""
    folder = repo({"a": "1"})
    script = """
        import os, signal, sys
        from pathlib import Path
        from gitagent.git.repository import GitRepo
        with GitRepo.open(Path(sys.argv[1])).event_pack() as pack:
            pack.add(3, b"left alone")
            pack.put()
            os.kill(os.getpid(), signal.SIGKILL)
    """
    ended = subprocess.run([sys.executable, "-c", dedent(script), str(folder)])
    assert ended.returncode == -signal.SIGKILL
    assert len(packs(folder, ".keep")) == 1
    GitRepo.open(folder).fold_packs(least=0)
    assert packs(folder, ".keep") == set()
    assert git(folder, "cat-file", "blob", object_id(BLOB, b"left alone")) == "left alone"


@pytest.mark.parametrize("way", ["no folder of packs", "multi-pack-index", "multi-pack-index.d"])
def test_where_no_small_packs_may_come_objects_are_loose(repo: Make, way: str) -> None:
    """An index over many packs still names one that has gone; without a folder nobody looks."""
    folder = repo({"a": "1"})
    place = folder / ".git" / "objects" / "pack"
    if way == "no folder of packs":
        place.rmdir()
    elif way == "multi-pack-index":
        git(folder, "repack", "-dq")
        git(folder, "multi-pack-index", "write")
    else:
        (place / way).mkdir()
    log, before = begun(folder), packs(folder)
    log.record(Kind.PLANNED, notes={"n": b"1"})
    assert packs(folder) == before
    assert git(folder, "show", "refs/gitagent/abc:n") == "1"
    assert TaskLog.load(GitRepo.open(folder), "abc").read("n") == b"1"


def test_a_pack_that_cannot_be_written_leaves_nothing(repo: Make) -> None:
    """The disk is full, or the folder is another one's: no half of a pack, and no file of it."""
    folder = repo({"a": "1"})
    place = folder / ".git" / "objects" / "pack"
    log = begun(folder)
    before, tip = set(place.iterdir()), log.repo.ref(log.ref)
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    script = f"""
        import signal, sys
        from pathlib import Path
        from gitagent.git.repository import GitRepo
        {limit}
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with GitRepo.open(Path(sys.argv[1])).event_pack() as pack:
            pack.add(3, bytes(range(256)) * 100 + __import__("os").urandom(9000))
            try:
                pack.put()
            except Exception as error:
                print(type(error).__name__)
    """
    argv = [sys.executable, "-c", dedent(script), str(folder)]
    assert subprocess.run(argv, capture_output=True, text=True).stdout == "Unwritable\n"
    assert set(place.iterdir()) == before
    assert log.repo.ref(log.ref) == tip
