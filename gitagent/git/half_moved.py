"""A checkout whose files a dead process of ours had begun to move: recognised, and moved on.

Files are written one by one, and the branch moves after them. Who begins says so in the git folder
first; so what stands half way is known as ours, and not taken for a person's changes. A person's
changes are told apart all the same: each file must be as one of the two commits has it, or not be
there, or be the beginning of what was to be written.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from gitagent.failpoints import reach
from gitagent.git import trees
from gitagent.git.repository import GitRepo
from gitagent.git.writing import writing

MARK = "gitagent/moving"


def mark(repo: GitRepo, old: str, new: str) -> None:
    """Say that the files of this checkout are about to move from one tree to another."""
    place = _place(repo)
    with writing():
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("w") as file:
            file.write(_words(old, new))
            file.flush()
            os.fsync(file.fileno())
    reach("files to be written")


def unmark(repo: GitRepo) -> None:
    """Say that all files are where they belong."""
    reach("files and branch moved")
    _place(repo).unlink(missing_ok=True)


def is_ours(repo: GitRepo, checkout: Path, old: str, new: str, paths: Sequence[str]) -> bool:
    """Whether what differs from the tree `old` at these paths is what a dead process left on its
    way to `new`, and nothing of a person's."""
    place = _place(repo)
    if not place.is_file() or place.read_text() != _words(old, new):
        return False
    return all(
        _staged(repo, path, old, new) and _written(repo, checkout, path, old, new, paths)
        for path in paths
    )


def make_folders(repo: GitRepo, checkout: Path, new: str, paths: Sequence[str]) -> None:
    """The folders that are to stand where files were and nothing is now: libgit2 looks for the
    file there."""
    for path in paths:
        place = checkout / path
        if repo.mode(new, path) == trees.TREE and not os.path.lexists(place):
            place.mkdir(parents=True)


def _place(repo: GitRepo) -> Path:
    return Path(repo.pygit2.path) / MARK


def _words(old: str, new: str) -> str:
    return f"{old} {new}\n"


def _staged(repo: GitRepo, path: str, old: str, new: str) -> bool:
    index = repo.pygit2.index
    return path not in index or str(index[path].id) in (
        _blob(repo, old, path),
        _blob(repo, new, path),
    )


def _written(
    repo: GitRepo, checkout: Path, path: str, old: str, new: str, paths: Sequence[str]
) -> bool:
    above = [str(parent) for parent in PurePosixPath(path).parents][:-1]
    if blocked := [name for name in above if _is_leaf(checkout / name)]:
        return blocked[-1] in paths
    place = checkout / path
    if place.is_dir() and not place.is_symlink():
        inside = (found for found in place.rglob("*") if _is_leaf(found))
        return all(found.relative_to(checkout).as_posix() in paths for found in inside)
    if not os.path.lexists(place):
        return True
    there = _content(place)
    before, after = (_plain(repo, tree, path) for tree in (old, new))
    return there == before or (after is not None and after.startswith(there))


def _is_leaf(place: Path) -> bool:
    return place.is_symlink() or (place.exists() and not place.is_dir())


def _content(place: Path) -> bytes:
    """As git would keep it, but for line ends, which the configuration may change."""
    data = os.fsencode(place.readlink()) if place.is_symlink() else place.read_bytes()
    return data.replace(b"\r", b"")


def _plain(repo: GitRepo, tree: str, path: str) -> bytes | None:
    blob = _blob(repo, tree, path)
    return None if blob is None else repo.read(blob).replace(b"\r", b"")


def _blob(repo: GitRepo, tree: str, path: str) -> str | None:
    """The blob at a path; None where there is none."""
    if repo.mode(tree, path) in (None, trees.TREE, trees.GITLINK):
        return None
    return next(file.blob for file in repo.files(tree) if file.path == path)
