"""Which paths an edit may name.

A path out of a model's reply is an attacker's path: it may leave the repository, reach git's own
folder under one of its disguises on other file systems, or name a file that steers a program. The
tables stand in `protected`; here are the rules.
"""

from __future__ import annotations

import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache, lru_cache

from gitagent.edits.patterns import Patterns
from gitagent.edits.protected import CONTROL, HARMLESS, SECRET_FOLDERS, SECRETS
from gitagent.edits.text import described, invisible
from gitagent.errors import Refused

_LONGEST_PATH = 4096
_PATHS_KEPT = 65_536
_LONGEST_PART = 255
_GITLINK = 0o160000
_GIT_FOLDER = re.compile(r"\.git|git~\d+")


def check(path: str) -> str:
    """The normal form of `path`; raises Refused with the reason where no edit may name it."""
    normal = path
    while normal.startswith("./"):
        normal = normal[2:]
    reason = _wrong_as_a_whole(normal) or next(
        (wrong for part in normal.split("/") if (wrong := _wrong_part(part))), None
    )
    if reason:
        raise Refused(f"The path {path[:200]!r} is refused: {reason}.")
    return normal


def control_file(path: str) -> str | None:
    """Why an edit of `path` needs the user's leave, or None where it does not."""
    parts = [_folded(part) for part in path.split("/") if part not in ("", ".")]
    return next((reason for pattern, reason in CONTROL if _matches(parts, pattern)), None)


@lru_cache(maxsize=_PATHS_KEPT)
def secret(path: str) -> bool:
    """Whether the name of `path` says that it holds secrets, which no model may see."""
    parts = [_folded(part) for part in path.split("/") if part not in ("", ".")]
    if not parts:
        return False
    if any(folder in parts[:-1] for folder in SECRET_FOLDERS):
        return True
    name = parts[-1]
    return _any_of(SECRETS).fit(name) and not _any_of(HARMLESS).fit(name)


def against_tree(path: str, modes: Callable[[str], int | None]) -> None:
    """Raise Refused where `path` cannot be a regular file in a tree.

    `modes` gives the git mode of a path or of any folder above it, None where there is nothing.
    A symbolic link or submodule on the way would lead the edit elsewhere.
    """
    *parents, target = _prefixes(path)
    for parent in parents:
        mode = modes(parent)
        if mode is None:
            return
        if not stat.S_ISDIR(mode):
            raise Refused(f"{path!r} is refused: {parent!r} is {_kind(mode)}, not a folder.")
    mode = modes(target)
    if mode is not None and not stat.S_ISREG(mode):
        raise Refused(f"{path!r} is refused: it is {_kind(mode)}.")


def collisions(paths: Iterable[str], existing: Iterable[str]) -> None:
    """Raise Refused where two paths would be one file on a file system that folds names.

    `paths` are to be written, `existing` is the rest of the tree (without what the same edits
    delete or rename). Folders count as well: `Src/a` beside `src/b` is one folder on a Mac.
    """
    spelled: dict[str, str] = {}
    files: set[str] = set()
    new = list(dict.fromkeys(paths))
    for path in new:
        files.add(path)
        for prefix in _prefixes(path):
            _claim(spelled, prefix, path)
    for path in new:
        for parent in _prefixes(path)[:-1]:
            if parent in files:
                raise Refused(f"{parent!r} is refused: it would be both a file and a folder.")
    for prefix in _distinct_prefixes(existing):
        mine = spelled.get(_fold_key(prefix), prefix)
        if mine != prefix:
            raise Refused(
                f"{mine!r} is refused: only its case or composition differs from {prefix!r}."
            )


def _claim(spelled: dict[str, str], prefix: str, path: str) -> None:
    other = spelled.setdefault(_fold_key(prefix), prefix)
    if other != prefix:
        raise Refused(f"{path!r} is refused: {prefix!r} and {other!r} are one name elsewhere.")


def _wrong_as_a_whole(path: str) -> str | None:
    if not path:
        return "it is empty"
    if path.startswith("/"):
        return "it is absolute"
    if "\\" in path:
        return "it has a backslash"
    if re.match(r"[A-Za-z]:", path):
        return "it begins with a drive letter"
    for char in path:
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp"):
            return f"it has the control character U+{ord(char):04X}"
    if hidden := invisible(path):
        return f"it has {described(hidden[0])}"
    if unicodedata.normalize("NFC", path) != path:
        return "it is not in Unicode normal form C"
    if len(path.encode()) > _LONGEST_PATH:
        return f"it is longer than {_LONGEST_PATH} bytes"
    return None


def _wrong_part(part: str) -> str | None:
    if not part:
        return "it has an empty part"
    if not part.rstrip(". "):
        return f"it has the part {part!r}"
    if _GIT_FOLDER.fullmatch(_folded(part)):
        return "it leads into git's own folder"
    if len(part.encode()) > _LONGEST_PART:
        return f"a part of it is longer than {_LONGEST_PART} bytes"
    return None


@cache
def _any_of(patterns: tuple[str, ...]) -> Patterns:
    """Made once: every path of a tree is asked about."""
    return Patterns(patterns)


@lru_cache(maxsize=10_000)
def _folded(part: str) -> str:
    """One part of a path as HFS+ and NTFS see it.

    HFS+ ignores case and format characters, NTFS ignores case, dots and spaces at the end, and
    takes what follows a colon for the name of a stream.
    """
    ascii_ = part.isascii()  # which has none of them
    visible = part if ascii_ else "".join(c for c in part if unicodedata.category(c) != "Cf")
    return visible.casefold().partition(":")[0].rstrip(". ")


def _matches(parts: list[str], pattern: str) -> bool:
    """Whether a pattern of `protected` fits a path: at any depth unless it begins with `/`."""
    wanted = pattern.strip("/").split("/")
    inside = wanted[-1] == "**"
    if inside:
        wanted.pop()
    starts = range(1) if pattern.startswith("/") else range(len(parts))
    for start in starts:
        there = parts[start : start + len(wanted)]
        rest = len(parts) - start - len(wanted)
        fits = len(there) == len(wanted) and (rest > 0 if inside else rest == 0)
        if fits and all(map(fnmatchcase, there, wanted)):
            return True
    return False


def _prefixes(path: str) -> list[str]:
    """`a/b/c` as `a`, `a/b`, `a/b/c`."""
    parts = path.split("/")
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]


def _distinct_prefixes(paths: Iterable[str]) -> Iterator[str]:
    """Every path and every folder above one, the folders once."""
    seen: set[str] = set()
    for path in paths:
        yield path
        parent = path.rpartition("/")[0]
        while parent and parent not in seen:
            seen.add(parent)
            yield parent
            parent = parent.rpartition("/")[0]


def _fold_key(path: str) -> str:
    if path.isascii():
        return path.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _kind(mode: int) -> str:
    if mode == _GITLINK:
        return "a submodule"
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    return "a folder" if stat.S_ISDIR(mode) else "a file"
