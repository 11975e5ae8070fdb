"""A session at our own server that loads psycopg only where more is done than a query does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
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
    """Used as a psycopg connection is; once it is `whole` it is one.

    What the wire cannot say, and what the server says no to, psycopg says again, which knows more
    words. Not so within a transaction: there NotHere and Gone are raised.
    """

    def __init__(self, connect: Callable[[], Connection], wire: Wire | None = None) -> None:
        self._wire = wire
        self._connect = connect
        self._connection: Connection | None = None
        self._within = False

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._hang_up()
        if self._connection:
            self._connection.close()

    def execute(
        self, sql: str, values: Mapping[str, Any] | None = None, *, binary: bool = False
    ) -> Rows | Cursor:
        if self._within:
            return Rows(self._said(sql, values))
        if self._wire:
            with suppress(NotHere, Gone):
                return Rows(self._said(sql, values))
        return self.whole().execute(sql, values, binary=binary)

    def transaction(self) -> AbstractContextManager[Any]:
        return self._transaction() if self._wire else self.whole().transaction()

    def cursor(self) -> Cursor:
        return self.whole().cursor()

    def whole(self) -> Connection:
        """The connection of psycopg, which is asked from now on."""
        if self._connection is None:
            self._hang_up()
            self._connection = self._connect()
        return self._connection

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._said("begin")
        self._within = True
        try:
            yield
            self._said("commit")
        except Exception:
            with suppress(NotHere, Gone):
                self._said("rollback")
            raise
        except BaseException:
            # between a question and its answer, perhaps; the server rolls back by itself
            self._hang_up()
            raise
        finally:
            self._within = False

    def _said(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Row]:
        if self._wire is None:
            raise Gone("The connection is closed.")
        try:
            return self._wire.ask(sql, values or {})
        except Gone:
            self._hang_up()
            raise

    def _hang_up(self) -> None:
        if self._wire:
            self._wire.close()
            self._wire = None
