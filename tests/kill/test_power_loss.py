"""What was acknowledged is on the disk before the next thing is done that costs money.

No test can cut the power; what can be seen is the order in which the kernel was asked.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
import syscalls
from story import TASK, Stage

CALLS = ("write", "pwrite64", "rename", "link", "mkdir", "fsync", "fdatasync", "connect")
KEPT = ("objects", "refs")
"""What a task stands on, of the git folder; the rest can be done without."""


@dataclass
class Disk:
    """What was written below a git folder and has not been synced."""

    git: str
    unsynced: set[str] = field(default_factory=set)
    moves: int = 0

    def see(self, line: str) -> None:
        """One line of strace."""
        if not (found := re.match(r"\d+ +(\w+)\((.*)\) += (?!-1)", line)):
            return
        name, words = found[1], found[2]
        paths = re.findall(r'"((?:[^"\\]|\\.)*)"', words)
        at = re.match(r"\d+<([^>]*)>", words)
        if name in ("fsync", "fdatasync") and at:
            self.unsynced.discard(at[1])
            self.unsynced.discard(f"names in {at[1]}")
        elif name in ("write", "pwrite64") and at:
            self._add(at[1], at[1])
        elif name in ("rename", "link"):
            self._moved(*paths)
        elif name == "mkdir":
            self._add(paths[0], f"names in {posixpath.dirname(paths[0])}")

    def _moved(self, before: str, after: str) -> None:
        if not self._counts(after):
            return
        self.moves += 1
        if before in self.unsynced:
            # the name is there, and what it leads to may not be
            self.unsynced.add(f"content of {after}")
        self.unsynced.discard(before)
        self.unsynced.add(f"names in {posixpath.dirname(after)}")

    def _add(self, path: str, what: str) -> None:
        if self._counts(path):
            self.unsynced.add(what)

    def _counts(self, path: str) -> bool:
        return path.startswith(tuple(f"{self.git}/{name}/" for name in KEPT))


def at_each_call(lines: Sequence[str], disk: Disk) -> Iterator[set[str]]:
    """What is not synced each time that the model is asked, and at the end."""
    for line in lines:
        if " connect(" in line and "AF_INET" in line:
            yield set(disk.unsynced)
        disk.see(line)
    yield set(disk.unsynced)


@syscalls.needed
def test_all_is_synced_before_each_call_and_at_the_end(stage: Stage) -> None:
    """Objects, refs, and the folders that name them."""
    with stage.scene("power") as scene:
        disk = Disk(str(scene.folder / ".git"))
        lines = syscalls.recorded(scene, TASK, CALLS, "-f", "-y")
        found = list(at_each_call(lines, disk))
        assert disk.moves > 100
    # looking which models there are costs nothing, and comes first
    assert len(found) >= len(stage.whole.asked) + 1
    assert [*filter(None, found)] == []


@pytest.mark.parametrize(
    ("left_out", "missing"),
    [
        ("fsync(7</r/.git/objects/tmp>) = 0", "content of /r/.git/objects/ab/cd"),
        ("fsync(7</r/.git/objects/ab>) = 0", "names in /r/.git/objects/ab"),
        ("fsync(7</r/.git/objects>) = 0", "names in /r/.git/objects"),
    ],
)
def test_a_sync_that_is_missing_is_seen(left_out: str, missing: str) -> None:
    """The reading of strace tells each of the three from a run that has it."""
    whole = [
        'mkdir("/r/.git/objects/ab", 0777) = 0',
        'write(7</r/.git/objects/tmp>, "x", 1) = 1',
        "fsync(7</r/.git/objects/tmp>) = 0",
        'link("/r/.git/objects/tmp", "/r/.git/objects/ab/cd") = 0',
        "fsync(7</r/.git/objects/ab>) = 0",
        "fsync(7</r/.git/objects>) = 0",
        "connect(7<socket:[1]>, {sa_family=AF_INET}, 16) = -1 EINPROGRESS",
    ]

    def unsynced(lines: Sequence[str]) -> list[set[str]]:
        return list(at_each_call([f"12 {line}" for line in lines], Disk("/r/.git")))

    assert unsynced(whole) == [set(), set()]
    assert unsynced([line for line in whole if line != left_out]) == [{missing}, {missing}]
