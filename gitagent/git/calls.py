"""The model calls of all tasks, without the rest of their states: there are many, and sums over
them should be there at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gitagent.domain.call import Call
from gitagent.domain.codec import from_json
from gitagent.domain.summary import Unreadable
from gitagent.errors import AgentError, Conflict
from gitagent.git.log import LARGEST, MOST_FACTS, kept_logs, listing, state_at, tips
from gitagent.git.repository import GitRepo

if TYPE_CHECKING:
    import pygit2

FOLDER = "calls"


def calls(repo: GitRepo) -> tuple[dict[str, Sequence[Call]], list[Unreadable]]:
    """The calls of every task by the task's id, and what cannot be read."""
    found: dict[str, Sequence[Call]] = {}
    summaries, unreadable = listing(repo)
    at = tips(repo) | kept_logs(repo)
    for log_id in (*(each.id for each in summaries), *kept_logs(repo)):
        if log_id not in at:
            continue  # it went while we looked
        try:
            found[log_id] = _calls(repo, log_id, at[log_id])
        except AgentError as error:
            unreadable.append(Unreadable(log_id, str(error), error.hint))
    return found, unreadable


def _calls(repo: GitRepo, task_id: str, tip: str) -> Sequence[Call]:
    import pygit2

    try:
        made = sorted((_call(blob) for blob in _blobs(repo, tip)), key=lambda call: call.seq)
        if [call.seq for call in made] == list(range(1, len(made) + 1)):
            return made
    except (Conflict, KeyError, ValueError, pygit2.GitError):
        pass
    # whatever is wrong with it is said as everywhere
    return state_at(repo, task_id, tip).calls


def _blobs(repo: GitRepo, tip: str) -> Sequence[pygit2.Object]:
    import pygit2

    tree = repo.pygit2[tip].peel(pygit2.Tree)
    if FOLDER not in tree:
        return []
    folder = tree[FOLDER].peel(pygit2.Tree)
    if len(folder) > MOST_FACTS:
        raise Conflict
    return list(folder)


def _call(blob: pygit2.Object) -> Call:
    import pygit2

    if not isinstance(blob, pygit2.Blob) or blob.size > LARGEST:
        raise Conflict
    return from_json(blob.data, Call)
