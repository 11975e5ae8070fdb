"""Annotated tags as objects alone: they say of a commit when and why it was kept, under any ref."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from gitagent.git.repository import GitRepo
from gitagent.git.writing import writing


def write(repo: GitRepo, commit: str, name: str, message: str) -> str:
    """The id of a tag object on a commit, by whoever commits here, made now."""
    import pygit2

    tagger = repo.committer()
    lines = [
        f"object {commit}",
        "type commit",
        f"tag {name}",
        f"tagger {tagger.name} <{tagger.email}> {int(time.time())} +0000",
        "",
        f"{message}\n",
    ]
    data = "\n".join(lines).encode("utf-8", "replace")
    with writing():
        return str(
            repo.unkept.written(lambda: repo.pygit2.odb.write(pygit2.enums.ObjectType.TAG, data))
        )


def commit_of(repo: GitRepo, target: str) -> str | None:
    """The commit that an object is or leads to; None where it leads to none that is here."""
    import pygit2

    try:
        return str(repo.pygit2[target].peel(pygit2.Commit).id)
    except (KeyError, ValueError, pygit2.GitError):
        return None


def made_at(repo: GitRepo, target: str) -> datetime | None:
    """When a tag was made; None for what is no tag."""
    import pygit2

    found = repo.pygit2.get(target)
    if not isinstance(found, pygit2.Tag) or found.tagger is None:
        return None
    try:
        return datetime.fromtimestamp(found.tagger.time, UTC)
    except (ValueError, OverflowError, OSError):
        return None
