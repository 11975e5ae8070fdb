"""Folders that hold trees for commands to run in.

Where commands cannot change such a folder, it is kept for the next tree, of which only what differs
is written; else each gets a fresh one, which is gone afterwards.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gitagent.ports import Repo
from gitagent.scratch import private_folder

PREFIX = "gate-"
MOST_KEPT = 4
LeftOut = Sequence[tuple[str, str]]
Export = Callable[[Repo, str, Path], LeftOut]
"""Writes a tree into an empty folder; returns what it left out, as (path, reason)."""


class Holder(Protocol):
    """A folder that holds one tree after the other."""

    def hold(self, tree: str) -> LeftOut: ...


@dataclass(frozen=True)
class Place:
    """A tree's folder below a private one, and what of the tree is not in it."""

    private: Path
    folder: Path
    left_out: LeftOut


@dataclass
class _Kept:
    stack: ExitStack
    private: Path
    folder: Path
    holder: Holder
    tree: str = ""


class Places:
    """Hands out places below `scratch`, to several threads at once.

    `export` writes a fresh one; with `holder`, which begins to hold trees in an empty folder, up to
    `MOST_KEPT` places are kept until `close`.
    """

    def __init__(
        self,
        repo: Repo,
        scratch: Path,
        export: Export,
        holder: Callable[[Repo, Path], Holder] | None = None,
    ) -> None:
        self._repo = repo
        self._scratch = scratch
        self._export = export
        self._holder = holder
        self._free: list[_Kept] = []
        self._lock = threading.Lock()

    @contextmanager
    def at(self, tree: str) -> Iterator[Place]:
        """A place that holds a tree, for nobody else as long as it is used."""
        if self._holder is None:
            with private_folder(self._scratch, PREFIX) as private:
                folder = _made(private)
                yield Place(private, folder, self._export(self._repo, tree, folder))
            return
        kept = self._take(tree, self._holder)
        try:
            left_out = kept.holder.hold(tree)
            kept.tree = tree
            yield Place(kept.private, kept.folder, left_out)
        finally:
            self._give_back(kept)

    def close(self) -> None:
        """Remove the places that are kept."""
        with self._lock:
            free, self._free = self._free, []
        for kept in free:
            kept.stack.close()

    def _take(self, tree: str, holder: Callable[[Repo, Path], Holder]) -> _Kept:
        with self._lock:
            if self._free:
                same = (n for n, kept in enumerate(self._free) if kept.tree == tree)
                return self._free.pop(next(same, -1))
        stack = ExitStack()
        private = stack.enter_context(private_folder(self._scratch, PREFIX))
        folder = _made(private)
        return _Kept(stack, private, folder, holder(self._repo, folder))

    def _give_back(self, kept: _Kept) -> None:
        with self._lock:
            if len(self._free) < MOST_KEPT:
                self._free.append(kept)
                return
        kept.stack.close()


def _made(private: Path) -> Path:
    folder = private / "tree"
    folder.mkdir(mode=0o755)
    return folder
