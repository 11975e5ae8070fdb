"""A hash of a user's whole repository, to show that a run left it as it was.

It only reads files: a git command would refresh the index or wake the very hooks and monitors that
must stay asleep. Whatever lies in the git folder counts (HEAD, index, configuration, hooks, info,
refs, reflogs, a stale lock), but for objects, which may be added, and for what is gitagent's own:
`refs/heads/agent/*`, `refs/gitagent/*` and the folder `gitagent` there.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gitagent.errors import NotARepository

OWN_REFS = ("refs/heads/agent/", "refs/gitagent/")
"""Where gitagent may write refs and their reflogs."""

_OWN_FOLDERS = ("gitagent",)
_ALTERNATES = "objects/info/alternates"


@dataclass(frozen=True)
class Snapshot:
    """What was there, sorted: names such as `file src/a.py`, `git index`, `ref HEAD`.

    A file's value is its mode and SHA-256, a link's its target, a ref's what it says.
    """

    entries: tuple[tuple[str, str], ...]

    def diff(self, other: Snapshot) -> list[str]:
        """What is different in `other`, one sentence each; empty where the two are equal."""
        before, after = dict(self.entries), dict(other.entries)
        names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        return [_change(name, before.get(name), after.get(name)) for name in names]


def snapshot(repo: Path) -> Snapshot:
    """Hash a working tree, a linked worktree or a bare repository, with all its worktrees.

    Raises NotARepository where `repo` is not the root of one.
    """
    common = _common_folder(repo)
    entries = dict(_git_entries(common))
    for root in _worktrees(repo, common):
        prefix = "" if root == repo.resolve() else f"worktree {_shown(str(root))}: "
        entries |= {prefix + name: value for name, value in _working_entries(root, common)}
    return Snapshot(tuple(sorted(entries.items())))


def _common_folder(repo: Path) -> Path:
    """The git folder that all worktrees share; that of a linked worktree lies inside it."""
    dot_git = repo / ".git"
    if dot_git.is_file():
        own = (repo / dot_git.read_text().removeprefix("gitdir:").strip()).resolve()
    else:
        own = (dot_git if dot_git.is_dir() else repo).resolve()
    if not (own / "HEAD").is_file():
        raise NotARepository(f"{repo} is not a git repository.")
    pointer = own / "commondir"
    return (own / pointer.read_text().strip()).resolve() if pointer.is_file() else own


def _worktrees(repo: Path, common: Path) -> set[Path]:
    """The roots of all working trees that exist."""
    linked = [Path(p.read_text().strip()).parent for p in common.glob("worktrees/*/gitdir")]
    main = [common.parent] if common.name == ".git" else []
    own = [repo] if (repo / ".git").exists() else []
    return {root.resolve() for root in (*main, *linked, *own) if root.is_dir()}


def _git_entries(folder: Path) -> Iterator[tuple[str, str]]:
    for name, value in _packed_refs(folder):
        yield f"ref {name}", value
    for path in _walk(folder, skip={folder / "objects", *(folder / n for n in _OWN_FOLDERS)}):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() or name == "packed-refs" or _own_ref(name):
            continue
        if name == "HEAD" or name.startswith("refs/"):
            yield f"ref {_shown(name)}", _text(path)
        else:
            yield f"git {_shown(name)}", _describe(path)
    if (folder / _ALTERNATES).exists():
        yield f"git {_ALTERNATES}", _describe(folder / _ALTERNATES)


def _packed_refs(folder: Path) -> Iterator[tuple[str, str]]:
    """Refs that `git pack-refs` has put in one file; a loose one of the same name wins."""
    packed = folder / "packed-refs"
    for line in _text(packed).splitlines() if packed.is_file() else ():
        value, _, name = line.partition(" ")
        if name.startswith("refs/") and not name.startswith(OWN_REFS):
            yield name, value


def _own_ref(name: str) -> bool:
    return name.removeprefix("logs/").startswith(OWN_REFS)


def _working_entries(root: Path, common: Path) -> Iterator[tuple[str, str]]:
    """Every file, folder and link below a root, ignored or not; nested repositories too."""
    for path in _walk(root, skip={common}):
        yield f"file {_shown(path.relative_to(root).as_posix())}", _describe(path)


def _walk(folder: Path, skip: set[Path]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path in skip:
            continue
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path, skip)


def _describe(path: Path) -> str:
    """Type, mode and content of one path; only regular files are opened."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        target = os.readlink(path)  # noqa: PTH115 - a Path would tidy it up
        return f"link to {_shown(target)}"
    if not stat.S_ISREG(mode):
        return stat.filemode(mode)
    with path.open("rb") as stream:
        return f"{stat.filemode(mode)} {hashlib.file_digest(stream, 'sha256').hexdigest()}"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="backslashreplace").strip()


def _shown(name: str) -> str:
    """A name that can be printed, whatever bytes it is made of."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _change(name: str, before: str | None, after: str | None) -> str:
    if before is None:
        return f"added {name}: {after}"
    if after is None:
        return f"removed {name}: {before}"
    return f"changed {name}: {before} → {after}"
