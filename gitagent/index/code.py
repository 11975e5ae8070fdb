"""Answers what a task asks of a repository's code: which files it is about, and what is where.

What is asked of a large repository is kept in a database, by blob; a small one is read in less time
than it takes to ask. Where the database fails, the same is done in memory, and it is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING, TypeVar

from gitagent.errors import NoDatabase
from gitagent.index import engine, filling, past, tuning
from gitagent.index.engine import Weights
from gitagent.index.filling import OnProgress
from gitagent.index.memory import MemoryStore
from gitagent.index.snapshot import Snapshot

if TYPE_CHECKING:
    from gitagent.domain.code import Definition, Links, Mention
    from gitagent.domain.context import Hit
    from gitagent.index.links import TreeLinks
    from gitagent.index.store import Listing, Store
    from gitagent.index.vectors.asking import Nearby
    from gitagent.index.vectors.prong import VectorProng
    from gitagent.ports import Embedder, Past, Repo, TreeFile

T = TypeVar("T")

SMALL = 400 * 1024
"""Bytes of a tree that is read anew in each command: some 0.2 s."""
COMMITS_OF_SMALL = 1000
"""Commits of the past that are known beside a small tree. It does not depend on whether there is a
database: a search says the same on every machine."""
SNAPSHOTS_KEPT = 8
PATIENCE_S = 0.3
"""How long a query's vector is waited for, where somebody makes vectors."""

Database = Callable[[], AbstractContextManager["Store"]]
OnLost = Callable[[NoDatabase], None]


def is_small(files: Iterable[TreeFile]) -> bool:
    """Whether a tree is read anew each time, whatever database there is."""
    left = SMALL
    for file in files:
        left -= 0 if filling.why_unread(file) else file.size
        if left < 0:
            return False
    return True


class CodeIndex:
    """Implements ports.Index; the past that it knows is that of the commit `base`.

    `database` is opened where there is enough to read, and held until `close`; None is a repository
    without one. `on_lost` hears why there is none, once. `embedder` is asked for where there is a
    database with its vectors.
    """

    def __init__(
        self,
        repo: Repo,
        before: Past,
        base: str,
        database: Database | None = None,
        *,
        weights: Weights = tuning.WEIGHTS,
        embedder: Callable[[], Embedder] | None = None,
        on_lost: OnLost = lambda _error: None,
        on_progress: OnProgress = lambda _done, _all: None,
    ) -> None:
        self._repo = repo
        self._before = before
        self._base = base
        self._database = database
        self._weights = weights
        self._embedder = embedder
        self._nearby: Nearby | None = None
        self._on_lost = on_lost
        self._on_progress = on_progress
        self._held = ExitStack()
        # apart, since less of the past is known beside a small tree
        self._small = MemoryStore()
        self._instead = MemoryStore()
        self._kept: Store | None = None
        self._snapshots: dict[str, Snapshot] = {}
        self._links: dict[str, TreeLinks] = {}
        self._vectors: dict[str, VectorProng] = {}

    def __enter__(self) -> CodeIndex:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._snapshots.clear()
        self._links.clear()
        self._vectors.clear()
        self._nearby = None
        self._kept = None
        self._held.close()

    def search(self, tree: str, query: str, limit: int) -> Sequence[Hit]:
        def ask(snapshot: Snapshot) -> Sequence[Hit]:
            vectors = self._vectors.get(tree)
            return engine.search(snapshot, query, limit, self._weights, vectors)

        return self._asked(tree, ask)

    def outline(self, tree: str, path: str) -> Sequence[Definition]:
        from gitagent.index import lookup

        return self._asked(tree, lambda snapshot: lookup.outline(snapshot, path))

    def definitions(self, tree: str, name: str, limit: int) -> Sequence[Definition]:
        from gitagent.index import lookup

        return self._asked(tree, lambda snapshot: lookup.definitions(snapshot, name, limit))

    def references(self, tree: str, name: str, limit: int) -> Sequence[Mention]:
        from gitagent.index import lookup

        def read(path: str) -> bytes:
            file = self._repo.file(tree, path)
            return file.data if file else b""

        return self._asked(tree, lambda snapshot: lookup.references(snapshot, name, limit, read))

    def links(self, tree: str, path: str) -> Links:
        return self._asked(tree, lambda snapshot: self._links_of(tree, snapshot).of(path))

    def snapshot(self, tree: str) -> Snapshot:
        """What is known of a tree and of the past; NoDatabase where the database fails."""
        if tree not in self._snapshots:
            small = is_small(self._repo.entries(tree))
            store = self._small if small else self._store()
            most = COMMITS_OF_SMALL if small else past.MOST_COMMITS
            files = filling.files_of(store, self._repo, tree, self._on_progress)
            before = filling.past_of(store, self._before, self._base, most)
            while len(self._snapshots) >= SNAPSHOTS_KEPT:
                oldest = next(iter(self._snapshots))
                del self._snapshots[oldest]
                self._vectors.pop(oldest, None)
            self._snapshots[tree] = Snapshot(files, before)
            if self._embedder:
                self._find_vectors(tree, files, self._embedder)
        return self._snapshots[tree]

    def _asked(self, tree: str, ask: Callable[[Snapshot], T]) -> T:
        try:
            return ask(self.snapshot(tree))
        except NoDatabase as error:
            self._lose(error)
        return ask(self.snapshot(tree))

    def _lose(self, error: NoDatabase) -> None:
        self._on_lost(error)
        self._database = None
        self.close()

    def _links_of(self, tree: str, snapshot: Snapshot) -> TreeLinks:
        from gitagent.index import lookup
        from gitagent.index.links import TreeLinks

        if tree not in self._links:
            self._links = {tree: TreeLinks(snapshot.paths, lambda _all: lookup.known(snapshot))}
        return self._links[tree]

    def _find_vectors(self, tree: str, files: Listing, embedder: Callable[[], Embedder]) -> None:
        """Let the searches of a tree ask for vectors, where it is in a database."""
        from gitagent.index.pg.listing import PgListing
        from gitagent.index.pg.store import PgStore
        from gitagent.index.vectors.asking import Nearby
        from gitagent.index.vectors.prong import VectorProng

        if not isinstance(self._kept, PgStore) or not isinstance(files, PgListing):
            return
        if self._nearby is None:
            self._nearby = Nearby(self._kept.vectors(), embedder(), patience_s=PATIENCE_S)
        self._vectors[tree] = VectorProng(self._nearby, files)

    def _store(self) -> Store:
        if self._database is None:
            return self._instead
        if self._kept is None:
            self._kept = self._held.enter_context(self._database())
        return self._kept
