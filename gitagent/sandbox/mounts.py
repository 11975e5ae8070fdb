"""What stands where in a sandbox, as bubblewrap's arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gitagent.sandbox import system
from gitagent.sandbox.bringing import Bringing, Placed
from gitagent.sandbox.copying import copied
from gitagent.sandbox.limits import Limits
from gitagent.sandbox.probe import Overlay

MEMORY_FOLDERS = ("/tmp", system.HOME, "/dev/shm", "/")
"""Folders inside whose files are in memory."""


@dataclass
class Mounts:
    """What one command sees: a tree of `folder` at `at`, what was brought, the system.

    `private` is a folder of this run's own, `etc` one that is seen as /etc. `overlay` says where
    that goes which is written over a folder that stays as it is, `notes` what could not be had as
    asked for.
    """

    folder: Path
    at: str
    private: Path
    etc: Path
    overlay: Overlay
    limits: Limits
    notes: list[str] = field(default_factory=list)
    _count: int = 0

    def arguments(self, bringing: Bringing, results: Path | None) -> Iterator[str]:
        self.notes += bringing.left_out
        inside = self.at.rstrip("/") + "/"
        brought = [each for each in bringing.placed if not system.is_seen(each.at)]
        yield from self._system()
        yield from _hidden((*bringing.closed, *bringing.covered), system.is_seen)
        for target, at in bringing.links:
            if not system.is_seen(at):
                yield from ("--symlink", target, at)
        yield from self._all(each for each in brought if not each.at.startswith(inside))
        opened = [each.at.rstrip("/") + "/" for each in brought]
        yield from _hidden(bringing.covered, lambda path: path.startswith(tuple(opened)))
        yield from self._laid(Placed(str(self.folder), self.at, True))
        yield from self._all(each for each in brought if each.at.startswith(inside))
        if results is not None:
            yield from ("--bind", str(results), str(results))
        # Root's commands could else turn the kernel's switches, in whatever namespaces they are.
        yield from ("--remount-ro", "/proc", "--remount-ro", "/")

    def _system(self) -> Iterator[str]:
        yield from system.seen(self.etc)
        yield from ("--proc", "/proc", "--dev", "/dev")
        size = str(min(self.limits.memory, self.limits.written))
        for mode, folder in (("1777", "/tmp"), ("0700", system.HOME)):
            yield from ("--perms", mode, "--size", size, "--tmpfs", folder)

    def _all(self, brought: Iterable[Placed]) -> Iterator[str]:
        for placed in brought:
            yield from self._laid(placed) if placed.scratch else _read(placed)
            for key in placed.keys:
                empty = self._new("empty")
                empty.touch()
                yield from ("--ro-bind", str(empty), f"{placed.at}/{key}")

    def _laid(self, placed: Placed) -> Iterator[str]:
        """A folder into which a command may write, without anything of that staying."""
        if self.overlay == "none" or not Path(placed.path).is_dir():
            yield from self._copied(placed)
            return
        yield from ("--overlay-src", placed.path)
        if self.overlay == "memory":
            yield from ("--tmp-overlay", placed.at)
        else:
            written, work = self._new("written"), self._new("work")
            written.mkdir()
            work.mkdir()
            yield from ("--overlay", str(written), str(work), placed.at)

    def _copied(self, placed: Placed) -> Iterator[str]:
        target = Path(placed.path)
        if target != self.folder:
            target = self._new("copy")
            if not copied(placed.path, target):
                self.notes.append(f"[read-only, too large to be copied: {placed.path}]")
                yield from _read(placed)
                return
        yield from ("--bind", str(target), placed.at)

    def _new(self, kind: str) -> Path:
        self._count += 1
        return self.private / f"{kind}-{self._count}"


def _read(placed: Placed) -> Iterator[str]:
    yield from ("--ro-bind", placed.path, placed.at)


def _hidden(folders: Iterable[str], shows: Callable[[str], bool]) -> Iterator[str]:
    """Empty folders over those that would show."""
    for folder in folders:
        if Path(folder).is_dir() and shows(folder):
            yield from ("--tmpfs", folder)
