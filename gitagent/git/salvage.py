"""What nothing else leads to is kept under a ref before a task goes: nobody's work is thrown away.

Each salvaged commit stands behind a tag object, which says when it was put there and from where.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from gitagent.git import tags
from gitagent.git.log import FAMILY
from gitagent.git.repository import GitRepo

FOLDER = FAMILY + "salvaged/"
AGENTS = "refs/heads/agent/"
LASTING = ("refs/heads/", "refs/tags/", "refs/remotes/")


@dataclass(frozen=True)
class Salvaged:
    """A commit that was kept; `at` is UTC, None where nobody knows since when."""

    ref: str
    commit: str
    target: str
    at: datetime | None


def salvage(
    repo: GitRepo, task_id: str, commits: Iterable[str], why: str, lasting: Sequence[str]
) -> list[Salvaged]:
    """Keep the commits that none of `lasting` leads to; what an earlier call has kept stays so."""
    return [
        _found(repo, task_id, commit) or _keep(repo, task_id, commit, why)
        for commit in unsaved(repo, commits, lasting)
    ]


def lasting(repo: GitRepo) -> list[str]:
    """Commits that stay without us: of people's branches, of tags and of remote branches."""
    found = (
        tags.commit_of(repo, target)
        for name, target in repo.refs("refs/").items()
        if name.startswith(LASTING) and not name.startswith(AGENTS)
    )
    return [*dict.fromkeys(filter(None, found))]


def unsaved(repo: GitRepo, commits: Iterable[str], lasting: Sequence[str]) -> list[str]:
    """The commits that none of `lasting` leads to, without what others of them contain."""
    wanted = [*dict.fromkeys(c for c in commits if tags.commit_of(repo, c) == c)]
    return [
        commit
        for commit in wanted
        if not _is_reachable(repo, commit, [*lasting, *(c for c in wanted if c != commit)])
    ]


def salvaged(repo: GitRepo) -> list[Salvaged]:
    """All that was kept, by name."""
    found = (_salvaged(repo, name, target) for name, target in repo.refs(FOLDER).items())
    return sorted(filter(None, found), key=lambda each: each.ref)


def _salvaged(repo: GitRepo, name: str, target: str) -> Salvaged | None:
    commit = tags.commit_of(repo, target)
    return Salvaged(name, commit, target, tags.made_at(repo, target)) if commit else None


def _is_reachable(repo: GitRepo, commit: str, tips: Iterable[str]) -> bool:
    import pygit2

    try:
        walker = repo.pygit2.walk(commit)
        for tip in tips:
            walker.hide(tip)
        return next(walker, None) is None
    except pygit2.GitError:
        return False  # a history that is not all here; then better keep it


def _names(task_id: str) -> Iterator[str]:
    """The refs of one task, of which most have one at most."""
    yield FOLDER + task_id
    yield from (f"{FOLDER}{task_id}-{n}" for n in itertools.count(2))


def _found(repo: GitRepo, task_id: str, commit: str) -> Salvaged | None:
    """What an earlier call, which was killed, may have kept: maybe made at another second."""
    for name in _names(task_id):
        target = repo.ref(name)
        if target is None:
            return None
        kept = _salvaged(repo, name, target)
        if kept and _same(repo, kept.commit, commit):
            return kept
    return None


def _same(repo: GitRepo, one: str, other: str) -> bool:
    return one == other or all(
        ask(one) == ask(other) for ask in (repo.tree_of, repo.parents_of, repo.message_of)
    )


def _keep(repo: GitRepo, task_id: str, commit: str, why: str) -> Salvaged:
    name = next(name for name in _names(task_id) if repo.ref(name) is None)
    tag = tags.write(repo, commit, name.removeprefix("refs/"), why)
    repo.keep_reflog(name)
    repo.move_ref(name, tag, None, "gitagent: salvaged")
    return Salvaged(name, commit, tag, tags.made_at(repo, tag))
