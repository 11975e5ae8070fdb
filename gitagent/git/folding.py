"""Small packs become one before there are many: git looks into each of them, and past fifty of them
its own `gc --auto` thinks that it has work to do in the user's repository.

What is folded is always copied first, as it is, led to or not. Two who fold the same packs both
leave all that was in them; who reads one that goes finds its objects in the new one, as after a
`git repack`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gitagent.failpoints import reach
from gitagent.git import disk
from gitagent.git.pack import HEAD, entries_of
from gitagent.git.packs import FOLDED, FOLDER, INDEX, KEEP, OF_EVENT, OURS, PACK, put, usable
from gitagent.git.unkept import gc_at_work

AT_ONCE = 16
"""So many packs of an event, those in use left out, are folded."""
LARGEST = 16 << 20
"""Bytes of a pack that is left as it is."""


def fold(common: Path, objects: str, *, least: int = AT_ONCE) -> None:
    """Fold the packs of events of all processes, where there are so many, with folded ones that
    are no larger than they are together: so there are few, and each is copied seldom.

    Nothing is changed where that cannot be done now.
    """
    if sum(stem.is_of_event for stem in _ours(objects)) < least:
        return
    with suppress(OSError), _alone(Path(objects, FOLDER)) as alone:
        if alone and usable(objects) and not gc_at_work(common):
            _sweep(objects)
            _fold(objects, least)


def _fold(objects: str, least: int) -> None:
    entries: dict[bytes, bytes] = {}
    folded: list[_Stem] = []
    for stem in _chosen(objects, least):
        with suppress(OSError, ValueError):
            entries |= entries_of(stem.file(PACK).read_bytes(), stem.file(INDEX).read_bytes())
            folded.append(stem)
    if len(folded) < 2:
        return
    disk.fsync(Path(put(objects, FOLDED, entries)))
    reach("packs folded")
    if usable(objects):  # still: an index over many packs may have come meanwhile
        for stem in folded:
            stem.remove()
    reach("folded packs removed")


def _chosen(objects: str, least: int) -> list[_Stem]:
    """The packs to be folded; none where too many are in use."""
    free = [stem for stem in _ours(objects) if not stem.file(KEEP).exists()]
    chosen = [stem for stem in free if stem.is_of_event]
    if len(chosen) < least:
        return []
    sizes = {stem: stem.size for stem in free}
    together = sum(sizes[stem] for stem in chosen)
    for stem in sorted(set(free) - set(chosen), key=lambda stem: sizes[stem]):
        if sizes[stem] > min(together, LARGEST):
            break
        chosen.append(stem)
        together += sizes[stem]
    return chosen


@dataclass(frozen=True)
class _Stem:
    """A pack of ours by its path, without the suffix."""

    path: str

    @property
    def is_of_event(self) -> bool:
        return self.path.rpartition("/")[2].startswith(OF_EVENT)

    @property
    def size(self) -> int:
        """Bytes; 0 for one that git has just put into another."""
        try:
            return self.file(PACK).stat().st_size
        except OSError:
            return 0

    def file(self, suffix: str) -> Path:
        return Path(self.path + suffix)

    def remove(self) -> None:
        """In an order in which nobody finds an index without its pack."""
        self.file(INDEX).unlink(missing_ok=True)
        self.file(PACK).unlink(missing_ok=True)


def _ours(objects: str, suffix: str = INDEX) -> list[_Stem]:
    folder = f"{objects}/{FOLDER}"
    try:
        found = os.listdir(folder)  # noqa: PTH208  at each event, and Paths take ten times as long
    except OSError:
        return []
    ours = (name for name in found if name.startswith(OURS) and name.endswith(suffix))
    return [_Stem(f"{folder}/{name.removesuffix(suffix)}") for name in ours]


def _sweep(objects: str) -> None:
    """Remove what dead processes have left: what keeps a pack, and halves of one."""
    for stem in _ours(objects, KEEP):
        _let_go(stem.file(KEEP))
    for stem in {*_ours(objects, PACK), *_ours(objects)}:
        # whoever writes a pack keeps it until it is whole: so whether it is kept is asked first
        if not stem.file(KEEP).exists() and not (
            stem.file(PACK).exists() and stem.file(INDEX).exists()
        ):
            stem.remove()


def _let_go(keep: Path) -> None:
    """Remove what no process holds any more, if it is ours."""
    with suppress(OSError), keep.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if file.read(len(HEAD)) == HEAD:
            keep.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether nobody else of ours folds in this folder while the block runs."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)
