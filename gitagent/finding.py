"""What a task would look at, without one: the files of a tree, ranked for a text."""

from __future__ import annotations

from collections.abc import Sequence

from gitagent.domain.context import Hit
from gitagent.progress import Tell
from gitagent.searching import index_of
from gitagent.site import Site
from gitagent.stages import ranking


def ranked(site: Site, text: str, tell: Tell, *, base: str, limit: int) -> Sequence[Hit]:
    """The files of a commit that a text is about, best first, as a task would rank them.

    What no model is shown is not among them. Raises UnknownRevision.
    """
    commit = site.repo.resolve(base)
    with index_of(site, site.repo, commit, tell) as index:
        tree = site.repo.tree_of(commit)
        ignore = site.config.ignore
        found = ranking.ranked(site.repo, index, tree, text, task=text, ignore=ignore, most=limit)
    return found.hits[:limit]
