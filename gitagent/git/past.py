"""The commits that led to one, and what each of them changed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pygit2

    from gitagent.domain.code import Change
    from gitagent.git.repository import GitRepo


class Past:
    """Implements ports.Past."""

    def __init__(self, repo: GitRepo) -> None:
        self._repo = repo.pygit2

    def commits(self, tip: str, most: int) -> Sequence[tuple[str, int]]:
        """Merges are left out; what a shallow clone does not have is not there."""
        return [(str(c.id), c.commit_time) for c in islice(self._plain(tip), most)]

    def change(self, commit: str) -> Change:
        import pygit2

        from gitagent.domain.code import Change

        found = self._repo[commit].peel(pygit2.Commit)
        message = found.raw_message.decode("utf-8", "replace")
        try:
            return Change(message, tuple(sorted(self._paths(found))))
        except (KeyError, pygit2.GitError):  # a partial clone has not everything
            return Change(message, (), whole=False)

    def roots(self, tip: str) -> Sequence[str]:
        import pygit2

        walker = self._repo.walk(tip, pygit2.enums.SortMode.NONE)
        return sorted(str(commit.id) for commit in walker if not commit.parent_ids)

    def _paths(self, commit: pygit2.Commit) -> set[str]:
        if not commit.parent_ids:
            return set()  # it, or where a shallow clone ends, has all files and changed none
        diff = commit.parents[0].tree.diff_to_tree(commit.tree)
        sides = (side for delta in diff.deltas for side in (delta.old_file, delta.new_file))
        return {os.fsdecode(side.raw_path) for side in sides}

    def _plain(self, tip: str) -> Iterator[pygit2.Commit]:
        import pygit2

        walker = self._repo.walk(tip, pygit2.enums.SortMode.TIME)
        return (commit for commit in walker if len(commit.parent_ids) < 2)
