"""Opens the index of a repository: at which database, with whose past, and what is said of it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gitagent.errors import NoDatabase
from gitagent.git.past import Past
from gitagent.git.repository import GitRepo
from gitagent.index import tuning
from gitagent.index.code import CodeIndex
from gitagent.index.filling import OnProgress
from gitagent.progress import News, Tell
from gitagent.site import Site, cache_folder

if TYPE_CHECKING:
    from gitagent.index.pg.store import PgStore
    from gitagent.llm.embedding_bill import BilledEmbedder

WITHOUT = "none"
"""What `index.dsn` says where no database is wanted."""
LISTINGS_KEPT, MOST_LISTINGS = 64, 256
"""Trees and pasts, the last used ones, that a collection leaves, and when one is made unasked."""
TOLD_FROM = 1024 * 1024
"""Bytes to be read from which on people are told how far it is."""


def index_of(site: Site, repo: GitRepo, base: str, tell: Tell) -> CodeIndex:
    """The index of a repository, for the trees that follow from the commit `base`.

    `repo` may have more objects than the site's own.
    """

    def lost(error: NoDatabase) -> None:
        reason = f"{error} The files are read anew each time. {error.hint}"
        tell(News("context", f"no index kept: {reason}", warning=True))

    wanted = site.config.index_dsn != WITHOUT
    database = (lambda: opened(site, base)) if wanted else None
    weights = tuning.weights(site.config.weights)
    return CodeIndex(
        repo,
        Past(repo),
        base,
        database,
        weights=weights,
        embedder=embedder_of(site) if site.config.embeddings else None,
        on_lost=lost,
        on_progress=reading(tell),
    )


def embedder_of(site: Site) -> Callable[[], BilledEmbedder]:
    """Makes what makes vectors, as `index.embeddings` says; UsageError where it names nothing."""

    def made() -> BilledEmbedder:
        from gitagent.embedding import embedder
        from gitagent.models import world

        config = site.config
        return embedder(config, world(site.environ), config.embeddings, site.redactor)

    return made


def reading(tell: Tell) -> OnProgress:
    """Tells how far the reading of a repository is, where it takes a while."""

    def told(done: int, total: int) -> None:
        if total >= TOLD_FROM:
            tell(News("context", f"reading the repository, {done / total:.0%}", passing=True))

    return told


@contextmanager
def opened(site: Site, base: str) -> Iterator[PgStore]:
    """The database's rows of a site's repository; NoDatabase where there is none to be had."""
    from gitagent.index.pg.opened import Place
    from gitagent.index.pg.opened import opened as store

    config = site.config
    if config.index_dsn == WITHOUT:
        raise NoDatabase("`index.dsn` says that no database is wanted.")
    place = Place(cache_folder() / "index", config.index_dsn, config.index_share)
    with store(place, _roots(site.repo, base)) as found:
        yield found
        # whoever is here has what was wanted, or has lost the database and goes on without it
        with suppress(NoDatabase):
            if found.crowded(MOST_LISTINGS):
                found.collect(LISTINGS_KEPT)


def _roots(repo: GitRepo, base: str) -> Sequence[str]:
    """The root commits, which name a repository; found by a walk over all history, so kept.

    A shallow clone has the commits where it ends; it may be made deeper.
    """
    ends = repo.folder / "shallow"
    where = os.fsencode(repo.folder) + (b"\0" + ends.read_bytes() if ends.is_file() else b"")
    name = hashlib.sha256(where).hexdigest()[:32]
    file = cache_folder() / "roots" / f"{name}.json"
    with suppress(OSError, ValueError, TypeError):
        known = json.loads(file.read_text())
        # another repository may stand in the same folder now
        if known and all(repo.has_commit(root) for root in known):
            return [str(root) for root in known]
    roots = Past(repo).roots(base)
    with suppress(OSError):
        _replace(file, json.dumps(roots))
    return roots


def _replace(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.write_text(text)
    draft.replace(file)
