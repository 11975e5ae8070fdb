"""Which of the things that a command needs from outside of git may be there, and where.

Their paths are taken from the user's folders, where anybody who wrote to the repository may have
left a link: what would open the user's home or git folder to the command is left out, and said.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gitagent.domain.verdict import Bring
from gitagent.sandbox.copying import copied

# What tools keep in their own folder, beside what is needed of it.
_KEYS = ("credentials", "credentials.toml", ".credentials", ".netrc", ".npmrc", ".pypirc")


@dataclass(frozen=True)
class Placed:
    """A thing at `path` of this machine that is seen at `at`, an absolute path inside."""

    path: str
    at: str
    scratch: bool

    @property
    def keys(self) -> tuple[str, ...]:
        """Files of keys in it, which nobody needs to test anything."""
        paths = {name: Path(self.path, name) for name in _KEYS}
        return tuple(n for n, path in paths.items() if path.is_file() and not path.is_symlink())


@dataclass
class Bringing:
    """Sorts out what is brought: `placed`, `links` (from, to), and `left_out` in sentences.

    `seen` is where the tree is seen, `folder` where it is on this machine, `checkout` the folder
    that the user works in. Nothing may open one of the `closed` folders; the `covered` ones are
    hidden where a tool's own folder contains them.
    """

    seen: str
    folder: Path
    checkout: str
    closed: Sequence[str]
    covered: Sequence[str]
    placed: list[Placed] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def take(self, brings: Sequence[Bring]) -> None:
        for bring in dict.fromkeys(brings):
            if not posixpath.isabs(bring.path) or not os.path.lexists(bring.path):
                continue
            why = self._refusal(bring)
            if why:
                self.left_out.append(f"[not there: {bring.path}: {why}]")
            else:
                self._place(bring)
        # A folder before what is laid into it.
        self.placed.sort(key=lambda each: each.at.count("/"))

    def _place(self, bring: Bring) -> None:
        at = posixpath.join(self.seen, bring.at) if bring.at else bring.path
        real = os.path.realpath(bring.path)
        if not bring.at and os.path.islink(bring.path):  # noqa: PTH114
            self.links.append((os.readlink(bring.path), at))  # noqa: PTH115
            at = real
        elif not bring.at and real != bring.path and not _below(real, bring.path):
            # called by a path through a link of the system's: the other one is known to files too
            self.placed.append(Placed(real, real, bring.how == "scratch"))
        self.placed.append(Placed(real, at, bring.how == "scratch"))

    def _refusal(self, bring: Bring) -> str:
        real = os.path.realpath(bring.path)
        if _below(bring.path, self.checkout) and not _below(real, os.path.realpath(self.checkout)):
            return "a link that leads out of the checkout"
        opened = (*self.closed, *self.covered) if bring.at else self.closed
        if any(_below(path, real) for path in opened) or any(
            _below(real, path) for path in self.covered
        ):
            return "it would open your home or your repository"
        return _no_room(self.folder, bring.at, real) if bring.at else ""


def put_into(folder: Path, brings: Sequence[Bring]) -> list[str]:
    """Put into a tree what belongs there, for a command that sees all of this machine.

    What it may write to is a copy; the rest are links. What an earlier command was brought stays.
    Returns sentences about what was left out.
    """
    left_out = []
    for bring in dict.fromkeys(brings):
        if bring.at and os.path.lexists(bring.path):
            why = _put(folder, bring)
            left_out += [f"[not there: {bring.path}: {why}]"] if why else []
    return left_out


def _put(folder: Path, bring: Bring) -> str:
    place = folder / bring.at
    if place.is_symlink() and os.readlink(place) == bring.path:  # noqa: PTH115
        return ""
    if why := _no_room(folder, bring.at, bring.path):
        return why
    if place.exists():
        return "" if bring.how == "scratch" else "the tree has something in its place"
    place.parent.mkdir(parents=True, exist_ok=True)
    if bring.how == "read":
        place.symlink_to(bring.path)
    elif not copied(bring.path, place):
        return "it is too large to be copied"
    return ""


def _no_room(folder: Path, at: str, real: str) -> str:
    """Why a thing cannot be laid into a tree, which may hold anything in its place."""
    parts = at.split("/")
    if at.startswith("/") or any(part in ("", ".", "..") for part in parts):
        return "its place is not below the tree"
    place = folder
    for part in parts:
        place = place / part
        if place.is_symlink():
            return "the tree has a link in its place"
        if place.exists() and not place.is_dir() and (part != parts[-1] or Path(real).is_dir()):
            return "the tree has a file in its place"
    return ""


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
