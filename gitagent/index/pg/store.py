"""Documents and listings of them in Postgres.

Nothing here is worth a loss: all of it can be made anew from the repository. A caller that gets
NoDatabase goes on without.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gitagent.index.pg.connect import translated
from gitagent.index.pg.listing import PgListing
from gitagent.index.pg.packed import (
    BITS,
    POSTING,
    Key,
    from_bytes,
    inverted,
    packed,
    storable,
    to_bytes,
    unpacked,
)
from gitagent.index.pg.queries import query
from gitagent.index.pg.session import Session
from gitagent.index.stored import VERSION

if TYPE_CHECKING:
    from psycopg import Connection

    from gitagent.index.document import Document
    from gitagent.index.pg.vectors import VectorStore
    from gitagent.index.store import Entry

FEW_BYTES, EACH = 256 * 1024, 256
"""Of documents that are stored without COPY, each counting for so much at least."""
_DOCUMENT_TYPES = ("int4", "bytea", "text", "int4", "text", "bytea", "bytea")
_POSTING_TYPES = ("text", "text", "bytea")


@dataclass(frozen=True)
class Sizes:
    """How much is stored of this repository; `database` is the bytes of all there is."""

    documents: int
    skipped: int
    listings: int
    postings: int
    postings_bytes: int
    database: int


class PgStore:
    """Implements store.Store by the rows of one repository.

    Documents of another edition than `edition` are not seen. Every method raises NoDatabase where
    the database fails.
    """

    def __init__(self, connection: Connection | Session, key: str, edition: int = VERSION) -> None:
        self._connection = connection
        self._edition = edition
        self._known: dict[tuple[str, str], tuple[int, int]] = {}
        with translated():
            self._repository = self._entered(key)

    def missing(self, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        asked = list(dict.fromkeys(wanted))
        with translated():
            self._known = self._stored([blob for blob, _ in asked])
        return [one for one in asked if one not in self._known]

    def put(self, documents: Sequence[Document]) -> int:
        if not _few(documents):
            self._whole()
        with translated(), self._connection.transaction():
            # before the look, so that nobody else stores the same in between
            last, segment = self._row("lock")
            there = self._stored([document.object for document in documents])
            new = {(d.object, d.language): d for d in documents}
            numbered = list(enumerate((d for k, d in new.items() if k not in there), last + 1))
            if numbered:
                counters = {"documents": last + len(numbered), "segments": segment + 1}
                self._run("hand_out", **counters)
                found = inverted((n, d.fields) for n, d in numbered)
                self._add_documents(numbered, few=_few(documents))
                self._add_postings(found, segment + 1, few=_few(documents))
        return len(numbered)

    def keep(self, key: str, entries: Sequence[Entry]) -> list[Entry]:
        with translated(), self._connection.transaction():
            self._row("lock")
            there = self._standing({(entry.object, entry.language) for entry in entries})
            gone = [entry for entry in entries if (entry.object, entry.language) not in there]
            if not gone:
                found = [there[entry.object, entry.language] for entry in entries]
                self._run(
                    "keep_listing",
                    key=bytes.fromhex(key),
                    used=self._row("use")[0],
                    labels=b"".join(_bytes(entry.label) + b"\0" for entry in entries),
                    documents=packed(number for number, _ in found),
                    lengths=packed(length for _, length in found),
                )
        return gone

    def listing(self, key: str) -> PgListing | None:
        with translated():
            found = self._run("listing", key=bytes.fromhex(key)).fetchone()
            if found is None:
                return None
            labels, documents, lengths, used = found
            self._touch(key, used)
        names = [part.decode(errors="surrogateescape") for part in labels.split(b"\0")[:-1]]
        return PgListing(
            names,
            unpacked(documents),
            unpacked(lengths),
            self.postings,
            self.fetched,
            self.skipped,
        )

    def postings(self, field: str, terms: Sequence[str]) -> dict[str, array[int]]:
        """By term: the documents that hold it, in any listing, each with its count (`packed`)."""
        found: dict[str, array[int]] = {}
        asked = [term for term in terms if storable(term)]
        with translated():
            for term, data in self._run("postings", field=field, terms=asked):
                found.setdefault(term, array(POSTING)).extend(from_bytes(data, POSTING))
        return found

    def fetched(self, what: str, documents: Sequence[int]) -> dict[int, bytes]:
        """The `places` or `facts` of documents, by number."""
        with translated():
            return dict(self._run(what, documents=list(documents)).fetchall())

    def skipped(self, documents: Sequence[int]) -> dict[int, str]:
        """By number, why nothing is known of documents of which nothing is."""
        with translated():
            return dict(self._run("skipped", documents=list(documents)).fetchall())

    def left_out(self, objects: Iterable[str]) -> dict[tuple[str, str], str]:
        """Of objects that are stored, by object and language: why nothing is known of them."""
        asked = [bytes.fromhex(one) for one in dict.fromkeys(objects)]
        with translated():
            rows = self._run("left_out", objects=asked).fetchall()
        return {(blob.hex(), language): why for blob, language, why in rows}

    def vectors(self) -> VectorStore:
        """The vectors of the same repository."""
        from gitagent.index.pg.vectors import VectorStore

        return VectorStore(self._whole())

    def sizes(self) -> Sizes:
        with translated():
            return Sizes(*self._row("sizes"))

    def forget(self) -> None:
        """Remove all that is stored of this repository."""
        self._whole()
        with translated(), self._connection.transaction():
            self._row("lock")
            for name in ("clear_listings", "clear_postings", "clear_documents"):
                self._run(name)

    def filtered(self) -> bool:
        """Whether the server itself holds repositories apart; for a superuser it does not."""
        with translated():
            return bool(self._row("filtered")[0])

    def crowded(self, most: int) -> bool:
        """Whether there are more listings than that."""
        with translated():
            return bool(self._row("listings")[0] > most)

    def collect(self, keep: int) -> int:
        """Drop all but the `keep` listings used last, and what only the others hold.

        Returns how many documents went. Those that came after the newest kept listing stay:
        somebody may be about to keep one with them. What remains is one segment.
        """
        self._whole()
        with translated(), self._connection.transaction():
            _, segment = self._row("lock")
            self._run("drop_listings", keep=keep)
            living: set[int] = set()
            for (documents,) in self._run("listing_documents").fetchall():
                living.update(unpacked(documents))
            newest = max(living, default=0)
            gone = self._run("drop_documents", newest=newest, living=sorted(living)).rowcount
            self._merge(segment + 1)
        with translated():
            self._connection.execute(query("tidy"))
        return int(gone)

    def _merge(self, segment: int) -> None:
        """All postings of documents that there still are, as one segment."""
        living = {row[0] for row in self._run("document_ids")}
        merged: dict[Key, array[int]] = {}
        for field_, term, data in self._run("all_postings"):
            here = (p for p in from_bytes(data, POSTING) if p >> BITS in living)
            merged.setdefault((field_, term), array(POSTING)).extend(here)
        self._run("clear_postings")
        left = {key: found for key, found in merged.items() if found}
        self._add_postings(left, segment, few=False)
        self._run("hand_out", documents=self._row("lock")[0], segments=segment)

    def _entered(self, key: str) -> int:
        found = self._connection.execute(query("enter")).fetchone()
        if found is None or found[0] is None:
            self._connection.execute(query("add_repository"), {"key": key})
            found = self._connection.execute(query("enter")).fetchone()
        assert found is not None
        return int(found[0])

    def _stored(self, objects: Sequence[str]) -> dict[tuple[str, str], tuple[int, int]]:
        """By object and language: number and length."""
        raw = [bytes.fromhex(one) for one in objects]
        rows = self._run("stored", objects=raw)
        return {(blob.hex(), language): (number, length) for blob, language, number, length in rows}

    def _standing(
        self, wanted: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], tuple[int, int]]:
        """As `_stored`, out of what `missing` found, where all of that is still there.

        Under the writers' lock: nothing is collected meanwhile.
        """
        unknown = [blob for blob, language in wanted if (blob, language) not in self._known]
        there = {**self._known, **(self._stored(unknown) if unknown else {})}
        numbers = sorted({there[one][0] for one in wanted if one in there})
        if self._row("count", documents=numbers)[0] == len(numbers):
            return there
        return self._stored(list({blob for blob, _ in wanted}))

    def _touch(self, key: str, used: int) -> None:
        """Note that a listing was used; a query writes nothing where it was the last one anyhow."""
        newest = self._row("newest_use")[0]
        if used != newest and (now := self._row("use")):
            self._run("touch", key=bytes.fromhex(key), used=now[0])

    def _add_documents(self, numbered: Sequence[tuple[int, Document]], *, few: bool) -> None:
        rows = (
            (n, bytes.fromhex(d.object), d.language, d.length, d.skipped, d.places, d.facts)
            for n, d in numbered
        )
        if few:
            self._insert("documents", rows)
        else:
            self._copy("documents", _DOCUMENT_TYPES, rows)

    def _add_postings(self, found: Mapping[Key, array[int]], segment: int, *, few: bool) -> None:
        """Sorted, which the index of the table is filled with fastest."""
        rows = ((*key, to_bytes(found[key])) for key in sorted(found))
        if few:
            self._insert("postings", rows, segment=segment)
        else:
            self._copy("postings", _POSTING_TYPES, rows, segment=segment)

    def _insert(self, table: str, rows: Iterable[tuple[Any, ...]], **values: int) -> None:
        """Few rows in one statement: for a COPY a table is made first, and psycopg loaded."""
        columns = [list(column) for column in zip(*rows, strict=True)]
        if columns:
            named = {f"column_{n}": column for n, column in enumerate(columns, 1)}
            self._run(f"insert_{table}", **named, **values)

    def _copy(
        self, table: str, types: Sequence[str], rows: Iterable[tuple[Any, ...]], **values: int
    ) -> None:
        self._connection.execute(query(f"incoming_{table}"))
        into = query(f"copy_{table}")
        with self._connection.cursor() as cursor, cursor.copy(into) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
        self._run(f"add_{table}", **values)

    def _whole(self) -> Connection:
        """The connection of psycopg."""
        connection = self._connection
        if isinstance(connection, Session):
            with translated():
                return connection.whole()
        return connection

    def _run(self, name: str, **values: Any) -> Any:
        own = {"repository": self._repository, "edition": self._edition}
        return self._connection.execute(query(name), {**own, **values}, binary=True)

    def _row(self, name: str, **values: Any) -> Any:
        return self._run(name, **values).fetchone()


def _few(documents: Sequence[Document]) -> bool:
    """Whether there is so little that it is sent as text."""
    return sum(len(d.places) + len(d.facts) + EACH for d in documents) <= FEW_BYTES


def _bytes(label: str) -> bytes:
    return label.encode(errors="surrogateescape")
