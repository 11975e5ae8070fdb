"""Brings trees and pasts into a store: what it has of them already is not read again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gitagent.errors import Internal
from gitagent.index import left_out, past
from gitagent.index.memory import MemoryStore

if TYPE_CHECKING:
    from gitagent.index.document import Document
    from gitagent.index.store import Entry, Listing, Store
    from gitagent.ports import Past, Repo, TreeFile

REGULAR = (0o100644, 0o100755)
BATCH, BATCH_BYTES = 500, 4 * 1024 * 1024
"""Documents that are stored together, at most, and bytes of their blobs."""
MOST_TRIES = 3

OnProgress = Callable[[int, int], None]
"""Gets the bytes that were read and all that are to be read."""


def readable(files: Iterable[TreeFile]) -> list[TreeFile]:
    """Those that neither path nor size leaves out."""
    return [file for file in files if not why_unread(file)]


def why_unread(file: TreeFile) -> str:
    """Why a file is left out before it is read, or an empty string."""
    if file.mode not in REGULAR:
        return "no regular file"
    return left_out.by_path(file.path, file.size)


def files_of(store: Store, repo: Repo, tree: str, on_progress: OnProgress) -> Listing:
    """The files of a tree, as the store has them or from now on has them."""
    if found := store.listing(tree):
        return found
    from gitagent.index.harvest import Wanted, harvest
    from gitagent.index.languages import language_of
    from gitagent.index.store import Entry

    files = readable(repo.files(tree))
    sizes = {file.blob: file.size for file in files}
    entries = [Entry(file.path, file.blob, language_of(file.path)) for file in files]

    def read(wanted: Sequence[tuple[str, str]]) -> Iterator[Document]:
        asked = [Wanted(blob, language, sizes[blob]) for blob, language in wanted]
        return harvest(asked, repo.read)

    return _listed(store, tree, entries, read, lambda blob: sizes[blob], on_progress)


def past_of(store: Store, before: Past, commit: str, most: int) -> Listing:
    """A commit and its ancestors, likewise.

    Where a partial clone cannot tell what they changed, nothing of that is stored: others share
    the store, and have what is lacking here.
    """
    if found := store.listing(commit):
        return found
    from gitagent.index.store import Entry

    entries = [Entry(str(time), c, past.LANGUAGE) for c, time in before.commits(commit, most)]
    try:
        return _commits(store, commit, entries, before, partial=False)
    except _Partial:
        return _commits(MemoryStore(), commit, entries, before, partial=True)


class _Partial(Exception):
    """It is not known what a commit changed."""


def _commits(
    store: Store, key: str, entries: Sequence[Entry], before: Past, *, partial: bool
) -> Listing:
    def document(commit: str) -> Document:
        change = before.change(commit)
        if not (change.whole or partial):
            raise _Partial
        return past.document(commit, change)

    def read(wanted: Sequence[tuple[str, str]]) -> Iterator[Document]:
        return (document(each) for each, _ in wanted)

    return _listed(store, key, entries, read, lambda _: 0, lambda _done, _all: None)


def _listed(
    store: Store,
    key: str,
    entries: Sequence[Entry],
    read: Callable[[Sequence[tuple[str, str]]], Iterator[Document]],
    size: Callable[[str], int],
    on_progress: OnProgress,
) -> Listing:
    for _ in range(MOST_TRIES):
        wanted = store.missing((entry.object, entry.language) for entry in entries)
        done, total = 0, sum(size(each) for each, _ in wanted)
        for batch in _batches(read(wanted), size):
            store.put(batch)
            done += sum(size(document.object) for document in batch)
            on_progress(done, total)
        store.keep(key, entries)
        if found := store.listing(key):
            return found
        # somebody has collected in between
    raise Internal("The index loses what it is given.")


def _batches(
    documents: Iterable[Document], size: Callable[[str], int]
) -> Iterator[Sequence[Document]]:
    batch: list[Document] = []
    read = 0
    for document in documents:
        batch.append(document)
        read += size(document.object)
        if len(batch) >= BATCH or read >= BATCH_BYTES:
            yield batch
            batch, read = [], 0
    if batch:
        yield batch
