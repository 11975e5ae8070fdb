"""The one place that writes to a checkout: a branch moves forward because its owner asked for it.

Only files that differ between the two commits are written, and only where nothing local stands in
the way. Filters that are programs are not run; a file that needs one is left to git itself.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath

from gitagent.domain.task import BRANCHES
from gitagent.errors import Conflict
from gitagent.failpoints import reach
from gitagent.git import half_moved, locks
from gitagent.git.repository import GitRepo
from gitagent.git.trees import is_utf8


def advance(repo: GitRepo, branch: str, new: str, old: str, reason: str) -> None:
    """Move a branch from `old` to `new`, with its files where it is checked out here.

    Conflict, and nothing is changed, where local changes stand in the way, another worktree has
    the branch, or git itself is needed for it.
    """
    if new == old:
        return
    here = repo.checkout if repo.head_branch() == branch else None
    place = None if here else repo.checked_out_at(branch)
    if place:
        raise Conflict(
            f"{branch} is checked out at {place}.", hint="Accept it from there, or name another."
        )
    with repo.keeping(), repo.moving_ref(BRANCHES + branch, new, old, reason):
        if here:
            _write_files(repo, here, new, old)
    if here:
        half_moved.unmark(repo)


def _write_files(repo: GitRepo, checkout: Path, new: str, old: str) -> None:
    import pygit2

    before, after = repo.tree_of(old), repo.tree_of(new)
    paths = repo.changed_paths(before, after)
    strategy = pygit2.enums.CheckoutStrategy.DISABLE_PATHSPEC_MATCH
    try:
        _check_plain(repo, paths, new)
        if half_moved.is_ours(repo, checkout, before, after, paths):
            half_moved.make_folders(repo, checkout, after, paths)
            strategy |= pygit2.enums.CheckoutStrategy.FORCE
        else:
            _check_clean(repo, checkout, paths)
            strategy |= pygit2.enums.CheckoutStrategy.SAFE
        with _index_held(repo):
            half_moved.mark(repo, before, after)
            repo.pygit2.checkout_tree(  # type: ignore[no-untyped-call]
                repo.pygit2[after], strategy=strategy, paths=list(paths)
            )
            reach("files written")
    except (pygit2.GitError, OSError) as error:
        raise Conflict(f"The files could not be written: {error}.", hint=_by_git(new)) from error


def _index_held(repo: GitRepo) -> AbstractContextManager[object]:
    """Our own lock beside the index's, which libgit2 takes: so a dead one's is known."""
    own = Path(repo.pygit2.path).resolve()
    return locks.held(repo.folder, (own / "index").relative_to(repo.folder.resolve()).as_posix())


def _check_plain(repo: GitRepo, paths: Sequence[str], new: str) -> None:
    """Raise Conflict for what git does with a checkout and we do not."""
    reasons = [f"{path} goes through a filter of git's" for path in paths if repo.filtered(path)]
    reasons += [f"{path} changes how git writes files" for path in paths if _attributes(path)]
    reasons += [f"{path!a} has a name that is not UTF-8" for path in paths if _odd(path)]
    if repo.is_sparse():
        reasons.append("the checkout is sparse")
    if repo.is_busy():
        raise Conflict(
            "A merge, rebase or the like is under way.", hint="Finish or abort it first."
        )
    if reasons:
        raise Conflict(f"Git itself must do this: {reasons[0]}.", hint=_by_git(new))


def _by_git(new: str) -> str:
    return f"Nothing was changed. Let git do it: `git merge --ff-only {new[:10]}`."


def _attributes(path: str) -> bool:
    return path.rpartition("/")[2].casefold() == ".gitattributes"


def _odd(path: str) -> bool:
    return not is_utf8(path)


def _check_clean(repo: GitRepo, checkout: Path, paths: Sequence[str]) -> None:
    known = frozenset(paths)
    dirty = [path for path in paths if _dirty(repo, checkout, path, known)]
    if dirty:
        raise Conflict(
            f"You have local changes in {', '.join(dirty[:5])}.",
            hint="Nothing was changed. Commit or stash them, or use --onto with another branch.",
        )


def _dirty(repo: GitRepo, checkout: Path, path: str, paths: AbstractSet[str]) -> bool:
    """Whether a path, or what must be a folder above it, is not as the last commit has it."""
    import pygit2

    above = [str(parent) for parent in PurePosixPath(path).parents][:-1]
    if any(_is_no_folder(checkout / name) and name not in paths for name in above):
        return True
    try:
        return repo.pygit2.status_file(path) != pygit2.enums.FileStatus.CURRENT
    except KeyError:
        return os.path.lexists(checkout / path)
    except pygit2.AmbiguousError:
        # a folder, which is in nobody's way if all that is in it goes
        inside = (checkout / path).rglob("*")
        files = (file for file in inside if file.is_symlink() or not file.is_dir())
        return any(file.relative_to(checkout).as_posix() not in paths for file in files)


def _is_no_folder(place: Path) -> bool:
    """Whether something else is there; a link is, wherever it leads."""
    return os.path.lexists(place) and (place.is_symlink() or not place.is_dir())
