"""Brings a database to the schema of this version, whoever else is doing so at the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gitagent.errors import NoDatabase
from gitagent.index.pg.queries import query

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from psycopg import Connection

# any number that nobody else in the database uses: the first bytes of "gitagent"
_LOCK = 0x67697461

_FIRST: tuple[str, ...] = (
    "create schema if not exists gitagent",
    "create table if not exists gitagent.versions (version int primary key, name text not null)",
)


def steps(folder: Traversable | None = None) -> Mapping[int, Traversable]:
    """The files `NNNN_name.sql` of a folder by number; those of this version where none is said."""
    place = folder or Path(__file__).with_name("migrations")
    files = [file for file in place.iterdir() if file.name.endswith(".sql")]
    return {int(file.name[:4]): file for file in sorted(files, key=lambda file: file.name)}


def migrate(connection: Connection, wanted: Mapping[int, Traversable] | None = None) -> list[int]:
    """Take the steps that are missing, all or none; the numbers of those that were taken.

    NoDatabase where the database is of a later version than this one. The connection is in
    autocommit mode.
    """
    wanted = steps() if wanted is None else wanted
    taken = _taken(connection)
    if not wanted.keys() <= taken:
        return _take(connection, wanted)
    _check_known(taken, wanted)
    return []


def _take(connection: Connection, wanted: Mapping[int, Traversable]) -> list[int]:
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        for statement in _FIRST:
            connection.execute(statement)
        # somebody else may have taken them while we waited
        taken = _taken(connection)
        _check_known(taken, wanted)
        missing = sorted(wanted.keys() - taken)
        connection.execute("set local search_path to gitagent, public")
        for number in missing:
            connection.execute(wanted[number].read_text())
            connection.execute(
                "insert into gitagent.versions values (%s, %s)", [number, wanted[number].name]
            )
    return missing


def _taken(connection: Connection) -> set[int]:
    from psycopg.errors import UndefinedTable

    try:
        return {row[0] for row in connection.execute(query("versions"))}
    except UndefinedTable:
        return set()


def _check_known(taken: set[int], wanted: Mapping[int, Traversable]) -> None:
    unknown: Sequence[int] = sorted(taken - wanted.keys())
    if unknown:
        raise NoDatabase(
            f"The index's database is of a later version of gitagent (step {unknown[-1]}).",
            hint="Use that version here too, or another database.",
        )
