"""`git agent index`: brings the index of a commit up to date, and says what it has."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gitagent.edits.hidden import why_hidden
from gitagent.git.past import Past
from gitagent.index import facts, filling, past
from gitagent.index.code import is_small
from gitagent.index.facts import Symbol
from gitagent.index.languages import language_of
from gitagent.index.memory import MemoryStore
from gitagent.index.pg.store import PgStore
from gitagent.index.pg.vectors import Coverage
from gitagent.index.snapshot import Snapshot
from gitagent.index.vectors.filling import Filled, fill
from gitagent.index.vectors.worth import by_worth
from gitagent.ports import TreeFile
from gitagent.progress import News, Tell
from gitagent.searching import LISTINGS_KEPT, embedder_of, index_of, opened, reading
from gitagent.site import Site

if TYPE_CHECKING:
    from gitagent.summaries import Summarised


VECTORS_S = 3600.0
"""The longest that vectors are made for."""


@dataclass(frozen=True)
class Status:
    """What the index has of a commit, and of the repository.

    `small` is a tree of which nothing is kept, because each command reads it anew. `missing` are
    files of the commit that were never read; `left_out` are paths with the reason, as far as it is
    known. `documents` and the rest count rows of this repository, `database_bytes` is all there is.
    `vectors` is None where nobody makes any.
    """

    commit: str
    files: int
    left_out: Mapping[str, str]
    small: bool = False
    missing: int = 0
    past_known: bool = True
    documents: int = 0
    listings: int = 0
    postings_bytes: int = 0
    database_bytes: int = 0
    vectors: Coverage | None = None

    @property
    def fresh(self) -> bool:
        """Whether nothing of this commit is still to be stored."""
        return not self.missing and self.past_known


@dataclass(frozen=True)
class Indexed:
    """What was done: files read of those that there are, in so many seconds."""

    read: int
    collected: int
    seconds: float
    status: Status
    vectors: Filled | None


def brought(site: Site, base: str, tell: Tell, *, rebuild: bool) -> Indexed:
    """The index of a commit, up to date. `rebuild` begins with nothing. Raises NoDatabase.

    No database is opened for a small tree: searches would not ask it.
    """
    began = time.monotonic()
    commit = site.repo.resolve(base)
    if small := _small(site, commit):
        return Indexed(small.files, 0, time.monotonic() - began, small, None)
    with opened(site, commit) as store:
        if rebuild:
            store.forget()
        tree = site.repo.tree_of(commit)
        missing = _missing(store, _wanted(site.repo.files(tree)).values())
        files = filling.files_of(store, site.repo, tree, reading(tell))
        before_it = filling.past_of(store, Past(site.repo), commit, past.MOST_COMMITS)
        gone = store.collect(LISTINGS_KEPT) if store.crowded(LISTINGS_KEPT) else 0
        seconds = time.monotonic() - began
        snapshot = Snapshot(files, before_it)
        vectors = _filled(site, store, tree, snapshot, tell) if site.config.embeddings else None
        after = _status(site, store, commit)
    return Indexed(missing, gone, seconds, after, vectors)


def _filled(site: Site, store: PgStore, tree: str, snapshot: Snapshot, tell: Tell) -> Filled:
    """Vectors for what has none yet, until all have one or the endpoint says no.

    An endpoint is a model's: what no model is shown is not sent to it.
    """
    listed, vectors = store.listing(tree), store.vectors()
    if listed is None:
        return Filled(cut=False, stopped="Somebody else has cleared the index meanwhile.")
    best = by_worth(listed.labels, snapshot.often())
    shown = [p for p in best if not why_hidden(listed.labels[p], site.config.ignore)]
    at = {listed.documents[position]: position for position in reversed(shown)}

    def source(document: int) -> tuple[bytes, Sequence[Symbol]] | None:
        position = at[document]
        known = listed.facts([position]).get(position)
        file = site.repo.file(tree, listed.labels[position])
        return (file.data, facts.decode(known).defs) if known and file else None

    def made(done: int, wanted: int) -> None:
        tell(News("context", f"vectors, {done} of {wanted}", passing=True))

    order = [listed.documents[position] for position in shown]
    made_by = embedder_of(site)()
    filled = fill(vectors, made_by, order, source, seconds=VECTORS_S, on_made=made)
    if filled.cut:
        vectors.collect()
    return filled


def summarised(
    site: Site, base: str, tell: Tell, model: Sequence[str], budget: float | None
) -> Summarised:
    """Summaries of the folders of a commit that have none; see `summaries.summarise`."""
    from gitagent.summaries import summarise

    commit = site.repo.resolve(base)
    tree = site.repo.tree_of(commit)
    with index_of(site, site.repo, commit, tell) as index:
        return summarise(
            site,
            lambda path: index.outline(tree, path),
            tell,
            base=commit,
            model=model,
            budget=budget,
        )


def status(site: Site, base: str) -> Status:
    """What the index has of a commit; nothing is stored. Raises NoDatabase."""
    commit = site.repo.resolve(base)
    if small := _small(site, commit):
        return small
    with opened(site, commit) as store:
        return _status(site, store, commit)


def _small(site: Site, commit: str) -> Status | None:
    """What there is of a small tree, which is read for that as for a search; None for others."""
    tree = site.repo.tree_of(commit)
    files = site.repo.files(tree)
    if not is_small(files):
        return None
    listed = filling.files_of(MemoryStore(), site.repo, tree, lambda _done, _all: None)
    skipped = {listed.labels[at]: why for at, why in listed.skipped().items()}
    known = len(listed.labels) - len(skipped)
    return Status(commit, known, _left_out(files, skipped), small=True)


def _status(site: Site, store: PgStore, commit: str) -> Status:
    tree = site.repo.tree_of(commit)
    files = site.repo.files(tree)
    wanted = _wanted(files)
    reasons = store.left_out(blob for blob, _ in wanted.values())
    skipped = {path: reasons[each] for path, each in wanted.items() if each in reasons}
    sizes = store.sizes()
    return Status(
        commit=commit,
        files=len(wanted) - len(skipped),
        left_out=_left_out(files, skipped),
        missing=_missing(store, wanted.values()),
        past_known=store.listing(commit) is not None,
        documents=sizes.documents,
        listings=sizes.listings,
        postings_bytes=sizes.postings_bytes,
        database_bytes=sizes.database,
        vectors=_coverage(site, store, tree) if site.config.embeddings else None,
    )


def _wanted(files: Sequence[TreeFile]) -> Mapping[str, tuple[str, str]]:
    """By path that is to be read: its blob and language."""
    return {file.path: (file.blob, language_of(file.path)) for file in filling.readable(files)}


def _missing(store: PgStore, wanted: Collection[tuple[str, str]]) -> int:
    """How many of these files the store has not read."""
    missing = set(store.missing(wanted))
    return sum(each in missing for each in wanted)


def _coverage(site: Site, store: PgStore, tree: str) -> Coverage | None:
    listed = store.listing(tree)
    return store.vectors().coverage(site.config.embeddings, listed.documents) if listed else None


def _left_out(files: Sequence[TreeFile], skipped: Mapping[str, str]) -> Mapping[str, str]:
    unread = {file.path: why for file in files if (why := filling.why_unread(file))}
    return dict(sorted({**unread, **skipped}.items()))


def reasons(left_out: Mapping[str, str]) -> list[tuple[str, int]]:
    """How many files were left out for each reason, the commonest first."""
    return Counter(left_out.values()).most_common()
