"""What was acknowledged is on the disk before the next thing is done that costs money.

No test can cut the power; what can be seen is the order in which the kernel was asked. On a disk
that journals in order, content that was written out is there for good once anything is synced
behind it, and so are all names; on any other each file and each folder needs a sync of its own.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
import syscalls
from forking import OUT_OF_ORDER
from story import TASK, Stage

from gitagent.git.disk import in_order

CALLS = (
    *("write", "pwrite64", "rename", "link", "mkdir", "fsync", "fdatasync", "connect"),
    *("sync_file_range", "linkat", "unlink"),
)
JOURNAL = "the size of a file"
BY_JOURNAL = ("names in ", JOURNAL)
KEPT = ("objects", "refs")
"""What a task stands on, of the git folder; the rest can be done without."""
PACKS = (".pack", ".idx")
"""Of a damaged one each git command complains; so its content comes first, and then its name."""
FOR_NOW = ".keep"
"""How that ends which says something of a living process, and is done with where it has died."""


@dataclass
class Disk:
    """What was written below a git folder and has not been synced."""

    git: str
    in_order: bool = False
    unsynced: set[str] = field(default_factory=set)
    moves: int = 0
    early: list[str] = field(default_factory=list)
    """Refs that moved, and packs that went, before the objects that are then needed were there."""

    def see(self, line: str) -> None:
        """One line of strace."""
        if not (found := re.match(r"\d+ +(\w+)\((.*)\) += (?!-1)", line)):
            return
        name, words = found[1], found[2]
        paths = re.findall(r'"((?:[^"\\]|\\.)*)"', words)
        at = re.match(r"\d+<([^>]*)>", words)
        if name == "sync_file_range" and at:
            if self.in_order and "WAIT_AFTER" in words and self._content(at[1]):
                self.unsynced.add(JOURNAL)
        elif name in ("fsync", "fdatasync") and at:
            self._content(at[1])
            self.unsynced.discard(f"names in {at[1]}")
            if self.in_order:
                self.unsynced = {what for what in self.unsynced if not what.startswith(BY_JOURNAL)}
        elif name in ("write", "pwrite64") and at:
            self._add(at[1], at[1])
        elif name in ("rename", "link", "linkat"):
            self._moved(*paths)
        elif name == "unlink":
            self._removed(paths[0])
        elif name == "mkdir":
            self._add(paths[0], f"names in {posixpath.dirname(paths[0])}")

    def _content(self, path: str) -> bool:
        """What is in a file is on the disk; whether it was not before."""
        known = self.unsynced & {path, f"content of {path}"}
        self.unsynced -= known
        return bool(known)

    def _moved(self, before: str, after: str) -> None:
        if not self._counts(after):
            self.unsynced.discard(before)
            return
        self.moves += 1
        is_ref = after.startswith(f"{self.git}/refs/") and not after.endswith(".lock")
        if is_ref and any(map(self._is_object, self.unsynced)):
            self.early.append(after)
        if before in self.unsynced and after.endswith(PACKS):
            self.early.append(after)
        if before in self.unsynced:
            # the name is there, and what it leads to may not be
            self.unsynced.add(f"content of {after}")
        self.unsynced.discard(before)
        self.unsynced.add(f"names in {posixpath.dirname(after)}")

    def _removed(self, path: str) -> None:
        self.unsynced -= {path, f"content of {path}"}
        if (
            self._counts(path)
            and path.endswith(".idx")
            and any(map(self._is_object, self.unsynced))
        ):
            self.early.append(path)

    def _is_object(self, what: str) -> bool:
        """Whether an object could be lost to which a ref is about to lead."""
        covered = self.in_order and what.startswith(BY_JOURNAL)
        return f"{self.git}/objects/" in what and not covered

    def _add(self, path: str, what: str) -> None:
        if self._counts(path):
            self.unsynced.add(what)

    def _counts(self, path: str) -> bool:
        kept = path.startswith(tuple(f"{self.git}/{name}/" for name in KEPT))
        return kept and not path.endswith(FOR_NOW)


def at_each_call(lines: Sequence[str], disk: Disk) -> Iterator[set[str]]:
    """What is not synced each time that the model is asked, and at the end."""
    for line in lines:
        if " connect(" in line and "AF_INET" in line:
            yield set(disk.unsynced)
        disk.see(line)
    yield set(disk.unsynced)


@syscalls.needed
@pytest.mark.parametrize("ordered", [True, False])
def test_all_is_synced_before_each_call_and_at_the_end(stage: Stage, ordered: bool) -> None:
    """Objects, refs, and the folders that name them."""
    with stage.scene("power") as scene:
        if ordered and not in_order(str(scene.folder)):
            pytest.skip("nothing is known of this disk's order")
        disk = Disk(str(scene.folder / ".git"), ordered)
        env = {} if ordered else {OUT_OF_ORDER: "1"}
        lines = syscalls.recorded(scene, TASK, CALLS, "-f", "-y", **env)
        found = list(at_each_call(lines, disk))
        assert disk.moves > 100
    # looking which models there are costs nothing, and comes first
    assert len(found) >= len(stage.whole.asked) + 1
    assert [*filter(None, found)] == []
    assert disk.early == [], "moved, or removed, before what it needs was synced"


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


IN_ORDER = [
    'write(7</r/.git/objects/tmp>, "x", 1) = 1',
    'rename("/r/.git/objects/tmp", "/r/.git/objects/ab/cd") = 0',
    "sync_file_range(7</r/.git/objects/ab/cd>, 0, 0, SYNC_FILE_RANGE_WAIT_AFTER) = 0",
    'write(8</r/.git/refs/gitagent/x.lock>, "id", 2) = 2',
    "sync_file_range(8</r/.git/refs/gitagent/x.lock>, 0, 0, SYNC_FILE_RANGE_WAIT_AFTER) = 0",
    'rename("/r/.git/refs/gitagent/x.lock", "/r/.git/refs/gitagent/x") = 0',
    "fsync(9</r/.git/refs/gitagent/x>) = 0",
]


@pytest.mark.parametrize(("left_out", "missing"), [(2, "content of"), (6, "names in")])
def test_what_a_journal_does_not_cover_is_seen(left_out: int, missing: str) -> None:
    """Content that was not written out, and anything behind which nothing was synced."""
    disk = Disk("/r/.git", in_order=True)
    for line in IN_ORDER:
        disk.see(f"12 {line}")
    assert disk.unsynced == set()
    for line in (*IN_ORDER[:left_out], *IN_ORDER[left_out + 1 :]):
        disk.see(f"12 {line}")
    assert any(what.startswith(missing) for what in disk.unsynced)
