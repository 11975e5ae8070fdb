"""What was written and nothing leads to yet: synced before a ref does, and written again if gone.

`git gc --prune=now` removes it and does not ask who is about to point a ref at it. A gc that
begins once the ref has moved finds it; so what counts is the one that began before.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from gitagent.errors import Conflict
from gitagent.git import disk, worktrees
from gitagent.git.writing import writing

if TYPE_CHECKING:
    import pygit2

REMEMBERED_BYTES = 4 << 20
TRIES = 5
GC_PID = "gc.pid"
GC_PATIENCE_S = 900.0
PAUSE_S = 0.05
COMMIT, TREE, BLOB = 1, 2, 3
KINDS = {COMMIT: b"commit", TREE: b"tree", BLOB: b"blob"}
STORED = 0
"""No compression: git packs all of it one day, and compresses it then."""
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class Unkept:
    """The objects that one repository was given since a ref of ours last moved.

    `folder` is where they are kept, if not where they usually are.
    """

    def __init__(self, repository: pygit2.Repository, folder: str = "") -> None:
        self._repository = repository
        self._named_folder = folder
        self._objects: dict[str, tuple[int, bytes | None]] = {}

    def write(self, kind: int, data: bytes) -> str:
        """A new object of git's, by its id; on the disk for good with the next `sync`.

        libgit2 syncs each object by itself, which costs an event more than all else in it.
        """
        content = _object(kind, data)
        name = _id(content)
        self._put(name, content)
        self._objects[name] = kind, data if len(data) <= REMEMBERED_BYTES else None
        return name

    def prepare(self) -> None:
        """More will be written soon."""
        self._blanks.prepare()

    def sync(self, *, for_good: bool = False, also: Sequence[int] = ()) -> None:
        """What was written is on the disk for good once a ref that leads to it is, or at once; open
        files of that ref may go with it."""
        with writing():
            self._unsynced.sync(for_good=for_good, also=also)

    def named(self, folder: str) -> None:
        """There are new names in a folder, which go with the next `sync`."""
        self._unsynced.add_names(folder)

    def written(self, write: Callable[[], pygit2.Oid]) -> pygit2.Oid:
        """What `write` wrote, remembered; but for a large one, of which only the id is."""
        for _ in range(TRIES):
            made = write()
            with suppress(KeyError):  # gone already
                self.remember(str(made))
                return made
        raise self._gone()

    def remember(self, made: str) -> None:
        """An object that somebody else wrote for us; KeyError where it is not there."""
        odb = self._repository.odb
        kind, size = odb.read_header(made)
        self._objects[made] = odb.read(made) if size <= REMEMBERED_BYTES else (kind, None)

    def restore(self) -> None:
        """Write again what is gone; Conflict where that cannot be done."""
        for name, (kind, data) in self._objects.items():
            if _is_file(self._place(name)) or self._is_there(name):
                continue
            if data is None:
                raise self._gone()
            self._put(name, _object(kind, data))

    def forget(self) -> None:
        """A ref leads to all of it."""
        self._objects.clear()

    def _put(self, name: str, content: bytes) -> None:
        place = self._place(name)
        with writing():
            handle, damaged = _looked_at(place, content)
            if handle is None:
                self._written(place, zlib.compress(content, STORED), blank=not damaged)
            elif place in self._unsynced:
                os.close(handle)
            else:
                self._unsynced.add(handle, place)

    def _written(self, place: str, data: bytes, *, blank: bool) -> None:
        """A file that is there whole or not at all; a dead one's remains are git's own to prune.

        Without `blank` it takes the place of one that is there.
        """
        handle = self._blanks.take() if blank else None
        if handle is None or not self._filled(handle, data, partial(self._named, handle, place)):
            # all are begun in one folder: one in each of many costs a file system much more
            temporary = Path(self.folder, f"tmp_obj_{secrets.token_hex(8)}")
            handle = os.open(temporary, NEW, disk.READ_ONLY)
            try:
                self._filled(handle, data, lambda: _renamed(temporary, place))
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        self._unsynced.add(handle, place)

    def _filled(self, handle: int, data: bytes, name: Callable[[], bool]) -> bool:
        """Write a file and give it its name; whether it has it. Without, it is closed."""
        done = False
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(handle, left) :]
            disk.start(handle, self.folder)
            done = name()
        finally:
            if not done:
                os.close(handle)
        return done

    def _named(self, handle: int, place: str) -> bool:
        for _ in range(2):
            try:
                self._blanks.name(handle, place)
            except FileNotFoundError:
                Path(place).parent.mkdir(exist_ok=True)
            except OSError:
                break  # of which one that is there by now is renamed over
            else:
                return True
        return False

    def _place(self, name: str) -> str:
        return f"{self.folder}/{name[:2]}/{name[2:]}"

    def _is_there(self, name: str) -> bool:
        """In a pack, by a look at the disk: the database in use may still know what is gone."""
        import pygit2

        return name in pygit2.Odb(self.folder)

    @property
    def _blanks(self) -> disk.Blanks:
        return disk.blanks(self.folder)

    @cached_property
    def _unsynced(self) -> disk.Batch:
        return disk.Batch(self.folder, str(worktrees.shared(Path(self._repository.path))))

    @cached_property
    def folder(self) -> str:
        """Where the objects are kept."""
        return self._named_folder or str(worktrees.shared(Path(self._repository.path)) / "objects")

    @staticmethod
    def _gone() -> Conflict:
        return Conflict(
            "A `git gc --prune=now` has removed what was just being written.",
            hint="Nothing of yours is lost. Do it again when the gc has ended.",
        )


def object_id(kind: int, data: bytes) -> str:
    """What git calls an object, wherever it keeps it."""
    return _id(_object(kind, data))


def _id(content: bytes) -> str:
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def _object(kind: int, data: bytes) -> bytes:
    """What git takes the id of, and keeps."""
    return b"%s %d\0" % (KINDS[kind], len(data)) + data


def _looked_at(place: str, content: bytes) -> tuple[int | None, bool]:
    """The open file of an object, None where there is none, and whether there is a damaged one:
    what lost its content with the power must not be trusted."""
    try:
        handle = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None, False
    try:
        data = os.pread(handle, os.fstat(handle).st_size, 0)
        if zlib.decompress(data) == content:
            return handle, False
    except zlib.error:
        pass
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return None, True


def _is_file(place: str) -> bool:
    try:
        os.stat(place)  # noqa: PTH116  a Path of each object takes longer than the look at it
    except OSError:
        return False
    return True


def _renamed(temporary: Path, place: str) -> bool:
    try:
        temporary.rename(place)
    except FileNotFoundError:
        Path(place).parent.mkdir(exist_ok=True)
        temporary.rename(place)
    return True


def outwait_gc(common: Path) -> None:
    """Return when no gc is at work; Conflict where one goes on and on.

    `common` is the git folder that all worktrees share. A gc on another machine cannot be seen.
    """
    ends = time.monotonic() + GC_PATIENCE_S
    while gc_at_work(common):
        if time.monotonic() > ends:
            raise Conflict("`git gc` has been at work here for too long to wait for it.")
        time.sleep(PAUSE_S)


def gc_at_work(common: Path) -> bool:
    try:
        said = (common / GC_PID).read_bytes()
    except OSError:
        return False
    found = re.match(rb"(\d+) (\S+)", said)
    return bool(found and found[2] == socket.gethostname().encode() and _lives(int(found[1])))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True
