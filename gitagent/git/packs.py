"""The objects of one event in one pack: a new file takes a disk longer than all that is in it.

Where nothing leads to it yet, a pack is kept from `git repack` and its like by a `.keep` file, as
git keeps what it has just fetched. Ours is a further name of the pack's own file, which is held by
flock: the kernel lets go of it however the process ends, and `folding` removes one that nobody
holds.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from gitagent.git import disk
from gitagent.git.pack import Entries, entry, joined
from gitagent.git.unkept import NEW, Unkept, object_id
from gitagent.git.writing import writing

FOLDER = "pack"
OURS = f"pack-{b'gitagent'.hex()}"
"""How the names of our packs begin. git takes any 40 hexadecimal digits, and reads nothing in."""
OF_EVENT, FOLDED = f"{OURS}0", f"{OURS}1"
DIGITS = len("pack-") + 40
PACK, INDEX, KEEP = ".pack", ".idx", ".keep"
MANY = "multi-pack-index"


def usable(objects: str) -> bool:
    """Whether small packs may come and go in a folder of objects: not where there is no place for
    them, nor where git keeps an index over many packs, which would still name those that went."""
    place = Path(objects, FOLDER)
    return place.is_dir() and not (place / MANY).exists() and not (place / f"{MANY}.d").exists()


class EventPack:
    """Objects that are to be kept together. Nobody sees one of them before `put`.

    Used as a context: once the block has ended, a ref leads to them, or they may go. `beside` is
    the folder in which that ref is.
    """

    def __init__(self, unkept: Unkept, beside: str) -> None:
        self._unkept = unkept
        self._beside = beside
        self._objects: dict[str, tuple[int, bytes]] = {}
        self._keep = Keep()

    def add(self, kind: int, data: bytes) -> str:
        """A new object of git's, by its id."""
        name = object_id(kind, data)
        self._objects[name] = kind, data
        return name

    def put(self) -> None:
        """All of it is on the disk, under its name with the next `sync` of what is unkept."""
        objects = self._unkept.folder
        if not usable(objects):
            for kind, data in self._objects.values():
                self._unkept.write(kind, data)
            return
        entries = {bytes.fromhex(name): entry(*each) for name, each in self._objects.items()}
        with writing():
            if named := put(objects, OF_EVENT, entries, beside=self._beside, keep=self._keep):
                self._unkept.named(named)

    def __enter__(self) -> EventPack:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._keep.end()


class Keep:
    """What keeps a pack while its process lives: its own file under a further name, and a lock."""

    def __init__(self) -> None:
        self._handle: int | None = None
        self._place = Path()

    def begin(self, handle: int, temporary: Path, place: Path) -> None:
        """By the file of the pack, which has its name of a while still."""
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            place.hardlink_to(temporary)
        except OSError:
            place.touch(disk.READ_ONLY)  # no further names here; a dead one's stays
        self._handle, self._place = os.dup(handle), place

    def end(self) -> None:
        """A ref leads to the pack, or it may go."""
        if self._handle is not None:
            with suppress(OSError):
                self._place.unlink()
            os.close(self._handle)
            self._handle = None


def put(
    objects: str, beginning: str, entries: Entries, *, beside: str = "", keep: Keep | None = None
) -> str:
    """Write a pack whose name begins so; the folder whose names are to be synced, which is none
    where that is done by whatever is committed in the folder `beside`.

    What is in the two files is on the disk before they have their names: of an index that is
    damaged each git command would complain.
    """
    folder = f"{objects}/{FOLDER}"
    stem = f"{folder}/{(beginning + secrets.token_hex(20))[:DIGITS]}"
    covered = bool(beside) and disk.covered(folder, beside)
    with _begun(objects) as (pack, temporary), _begun(objects) as (index, temporary_index):
        for handle, data in zip((pack, index), joined(entries), strict=True):
            left = memoryview(data)
            while left:
                left = left[os.write(handle, left) :]
        if keep is not None:
            keep.begin(pack, temporary, Path(stem + KEEP))
        disk.put([pack, index], folder) if covered else disk.fsync_all([pack, index])
        temporary.replace(stem + PACK)
        temporary_index.replace(stem + INDEX)
    return "" if covered else folder


@contextmanager
def _begun(objects: str) -> Iterator[tuple[int, Path]]:
    """A new file among the packs, and its name, which it loses where the block fails. A dead
    one's is git's to prune."""
    temporary = Path(objects, FOLDER, f"tmp_pack_{secrets.token_hex(8)}")
    handle = _new(objects, temporary)
    try:
        yield handle, temporary
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)


def _new(objects: str, place: Path) -> int:
    """A new file, out of one that is there already where that can be: to make one takes long where
    many were removed just before."""
    blanks = disk.blanks(objects)
    if (blank := blanks.take()) is not None:
        try:
            blanks.name(blank, str(place))
        except OSError:
            os.close(blank)
        else:
            return blank
    return os.open(place, NEW, disk.READ_ONLY)
