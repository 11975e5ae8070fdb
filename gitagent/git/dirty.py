"""The user's uncommitted work as a commit, read only: index and files stay as they are."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gitagent.edits import paths
from gitagent.errors import UsageError
from gitagent.git import program, trees
from gitagent.git.repository import GitRepo

SUBJECT = "Uncommitted work, as it stood when the task began"


def commit_dirty(repo: GitRepo) -> tuple[str, Sequence[str]]:
    """HEAD with the changed and the new files of the checkout on top, and the paths taken.

    Ignored files, submodules, nested repositories, and new files that look like secrets are left
    out. The commit is HEAD itself where nothing differs. Line ends are converted as git would;
    other filters are not run, so a changed file with one is refused.
    """
    checkout = repo.checkout
    if checkout is None:
        raise UsageError("A bare repository has no uncommitted work to include.")
    head = repo.resolve("HEAD")
    tree = repo.tree_of(head)
    changes = {path: _leaf(repo, checkout, path, gone) for path, gone in _changed(repo, tree)}
    if not changes:
        return head, ()
    base = repo.pygit2[tree]
    written = trees.write(repo.pygit2, base, changes, repo.unkept)  # type: ignore[arg-type]
    return repo.commit(written, [head], f"{SUBJECT}\n"), sorted(changes)


def _changed(repo: GitRepo, tree: str) -> Iterator[tuple[str, bool]]:
    """Path of each change to take, and whether the file is gone."""
    import pygit2

    flags = pygit2.enums.FileStatus
    new = flags.WT_NEW | flags.INDEX_NEW
    hidden = program.left_out(repo) if repo.is_sparse() else frozenset()
    for path, status in _status(repo).items():
        if status & flags.CONFLICTED:
            raise UsageError(
                f"{path} is in conflict.", hint="Finish the merge first, or `git merge --abort`."
            )
        if status & flags.IGNORED or path in hidden or _is_repository(repo, tree, path):
            continue
        if not (status & new and paths.secret(path)):
            gone = status & (flags.WT_DELETED | flags.INDEX_DELETED) and not status & flags.WT_NEW
            yield path, bool(gone)


def _status(repo: GitRepo) -> Mapping[str, int]:
    import pygit2

    try:
        return repo.pygit2.status(untracked_files="all")
    except pygit2.GitError as error:
        raise UsageError(
            f"The state of the checkout cannot be read: {error}.",
            hint="Commit your work, then start the task without --include-dirty.",
        ) from error


def _is_repository(repo: GitRepo, tree: str, path: str) -> bool:
    """Whether a path is a submodule, or another repository that happens to lie here."""
    index = repo.pygit2.index
    staged = int(index[path].mode) if path in index else None
    return path.endswith("/") or trees.GITLINK in (staged, repo.mode(tree, path))


def _leaf(repo: GitRepo, checkout: Path, path: str, gone: bool) -> trees.Leaf:
    import pygit2

    if gone:
        # not looked for: a folder above it may be a link by now, to a file of somebody else
        return None
    place = checkout / path
    mode = place.lstat().st_mode
    if stat.S_ISLNK(mode):
        target = os.fsencode(place.readlink())
        link = repo.unkept.written(lambda: repo.pygit2.create_blob(target))
        return str(link), trees.SYMLINK
    _check_filters(repo, path)
    try:
        blob = str(repo.unkept.written(lambda: repo.pygit2.create_blob_fromworkdir(path)))
    except (pygit2.GitError, OSError) as error:
        raise UsageError(f"{path} cannot be read: {error}.") from error
    return blob, trees.EXECUTABLE if _is_executable(repo, path, mode) else trees.REGULAR


def _is_executable(repo: GitRepo, path: str, mode: int) -> bool:
    """As the file system says, or the index where the file system does not know."""
    if repo.keeps_modes():
        return bool(mode & stat.S_IXUSR)
    index = repo.pygit2.index
    return path in index and int(index[path].mode) == trees.EXECUTABLE


def _check_filters(repo: GitRepo, path: str) -> None:
    if repo.filtered(path):
        raise UsageError(
            f"{path} is changed and goes through a filter, which is not run here.",
            hint="Commit it, then start the task without --include-dirty.",
        )
