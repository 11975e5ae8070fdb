"""A session at our own server that loads psycopg only where somebody does more than ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from gitagent.index.pg.wire import Gone, NotHere, Row, Wire

if TYPE_CHECKING:
    from psycopg import Connection, Cursor


class Rows:
    """What a statement gave."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = iter(rows)

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def fetchone(self) -> Row | None:
        return next(self._rows, None)

    def fetchall(self) -> list[Row]:
        return list(self._rows)


class Session:
    """Used as a psycopg connection is; from the first transaction on it is one.

    What the wire cannot say, and what the server says no to, psycopg says again: it knows more
    words, and its errors are those that are translated.
    """

    def __init__(self, connect: Callable[[], Connection], wire: Wire | None = None) -> None:
        self._wire = wire
        self._connect = connect
        self._connection: Connection | None = None

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._wire:
            self._wire.close()
        if self._connection:
            self._connection.close()

    def execute(
        self, sql: str, values: Mapping[str, Any] | None = None, *, binary: bool = False
    ) -> Rows | Cursor:
        if self._wire:
            try:
                return Rows(self._wire.ask(sql, values or {}))
            except (NotHere, Gone):
                self.whole()
        return self.whole().execute(sql, values, binary=binary)

    def transaction(self) -> AbstractContextManager[Any]:
        return self.whole().transaction()

    def cursor(self) -> Cursor:
        return self.whole().cursor()

    def whole(self) -> Connection:
        """The connection of psycopg, which is asked from now on."""
        if self._connection is None:
            self._connection = self._connect()
            if self._wire:
                self._wire.close()
                self._wire = None
        return self._connection
