"""What one file of a commit touches: its part of the graph of the tree."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from pathlib import Path, PurePath

from gitagent.errors import UsageError
from gitagent.graph.around import Graph, around
from gitagent.progress import Tell
from gitagent.searching import index_of
from gitagent.site import Site

MOST_GUESSES = 3


def surroundings(
    site: Site,
    file: str,
    tell: Tell,
    *,
    base: str,
    depth: int,
    most: int,
    folder: Path | None = None,
) -> Graph:
    """The files around one, at most `most` on each side; no model is asked.

    `file` is a path as it is typed in `folder`, or one from the top of the tree. Raises UsageError
    where the commit has no such file.
    """
    commit = site.repo.resolve(base)
    tree = site.repo.tree_of(commit)
    paths = [entry.path for entry in site.repo.files(tree)]
    path = _found(file, paths, _within(site, folder))
    with index_of(site, site.repo, commit, tell) as index:
        return around(lambda each: index.links(tree, each), path, depth=depth, most=most)


def _within(site: Site, folder: Path | None) -> str:
    """The folder as a path from the top of the checkout; empty where it is not inside of it."""
    checkout = site.repo.checkout
    if folder is None or checkout is None:
        return ""
    real, top = Path(os.path.realpath(folder)), Path(os.path.realpath(checkout))
    return real.relative_to(top).as_posix() if real.is_relative_to(top) else ""


def _found(file: str, paths: Sequence[str], within: str) -> str:
    for name in (os.path.normpath(os.path.join(within, file)), os.path.normpath(file)):  # noqa: PTH118
        if name in set(paths):
            return name
    name = PurePath(file).name
    alike = [path for path in paths if PurePath(path).name == name][:MOST_GUESSES]
    guesses = alike or difflib.get_close_matches(file, paths, MOST_GUESSES)
    hint = f"There is {', '.join(guesses)}." if guesses else "`git ls-files` lists what there is."
    raise UsageError(f"There is no file `{file}` in this commit.", hint=hint)
