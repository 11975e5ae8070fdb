"""A session at the database of the index: the embedded server's, or that of a DSN."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from gitagent.errors import NoDatabase
from gitagent.index.pg import cluster
from gitagent.index.pg.migrate import migrate, steps
from gitagent.index.pg.queries import query
from gitagent.index.pg.room import PORT
from gitagent.index.pg.server import Served
from gitagent.index.pg.session import Session
from gitagent.index.pg.wire import Gone, NotHere, Wire

if TYPE_CHECKING:
    from psycopg import Connection

CONNECT_S = 5
STATEMENT_S = 60
_PGVECTOR = "It needs pgvector: `create extension vector`, which a superuser may say once."


class Lost(NoDatabase):
    """The database does not answer, or no longer."""


def repository_key(roots: Sequence[str], share: str) -> str:
    """What names a repository's rows: its root commits, and who shares them.

    `share` is a word that only those know who may see each other's rows; forks of one project have
    the same roots. It is part of the key as it is, so it is a secret like a password.
    """
    return hashlib.sha256("\0".join([share, *sorted(roots)]).encode()).hexdigest()


def quick(served: Served, key: str) -> Session:
    """As `embedded`, without psycopg as long as somebody only asks.

    NoDatabase where it cannot be had.
    """

    def whole() -> Connection:
        return embedded(served, key)

    place = f"{served.sockets}/.s.PGSQL.{PORT}"
    try:
        wire = Wire(
            place, cluster.ROLE, cluster.DATABASE, connect_s=CONNECT_S, answer_s=STATEMENT_S + 1
        )
    except NotHere:
        return Session(whole)
    except Gone as error:
        raise Lost(f"The index's database does not answer: {_first(error)}") from error
    try:
        # what is to be migrated is not for so few words
        if {number for (number,) in wire.ask(query("versions"), {})} == steps().keys():
            wire.ask(query("settings"), _settings(key))
            return Session(whole, wire)
    except (NotHere, Gone):
        pass
    wire.close()
    return Session(whole)


def embedded(served: Served, key: str) -> Connection:
    """A session at the embedded server, which whatever libpq finds in the environment leaves alone.

    NoDatabase where it cannot be had.
    """
    return _session(
        key,
        host=served.sockets,
        port=PORT,
        user=cluster.ROLE,
        dbname=cluster.DATABASE,
        options="",
        sslmode="disable",
        gssencmode="disable",
        channel_binding="disable",
        target_session_attrs="any",
        require_auth="",
    )


def at(dsn: str, key: str) -> Connection:
    """A session at a Postgres by DSN; NoDatabase where it cannot be had.

    No secret of the DSN is in a message.
    """
    if _misread(dsn):
        raise NoDatabase(
            "`index.dsn` is not a DSN of Postgres: its parts are not where they should be.",
            hint="In a password, `@` is written %40, `/` %2F, `:` %3A and `%` %25.",
        )
    return _session(key, dsn)


def _misread(dsn: str) -> bool:
    """Whether a password that is not escaped makes a port, a host or a database of its parts.

    These would be told to people.
    """
    scheme, is_uri, rest = dsn.partition("://")
    if not is_uri or "=" in scheme:
        return False
    where, _, path = rest.partition("?")[0].partition("/")
    _, _, hosts = where.rpartition("@")
    ports = [host.rpartition("]")[2].partition(":")[2] for host in hosts.split(",")]
    return "@" in path or where.count("@") > 1 or not all(f"0{port}".isdigit() for port in ports)


def _session(key: str, conninfo: str = "", **parameters: Any) -> Connection:
    try:
        import psycopg
    except ImportError as error:
        raise NoDatabase(
            "psycopg, which talks to Postgres, is not installed.",
            hint="`pip install 'psycopg[binary]'` installs it.",
        ) from error
    try:
        connection = psycopg.connect(
            conninfo,
            autocommit=True,
            application_name="gitagent",
            client_encoding="utf8",
            connect_timeout=CONNECT_S,
            tcp_user_timeout=STATEMENT_S * 1000,
            **parameters,
        )
    except psycopg.ProgrammingError:
        # a DSN that cannot be read is quoted in the error, with the password in it: no cause
        raise NoDatabase(
            "`index.dsn` is not a DSN of Postgres.", hint="Such as `postgresql://USER@HOST/NAME`."
        ) from None
    except psycopg.Error as error:
        raise Lost(f"The index's database does not answer: {_first(error)}") from error
    try:
        with translated():
            migrate(connection)
            connection.execute(query("settings"), _settings(key))
    except BaseException:
        connection.close()
        raise
    return connection


def _settings(key: str) -> dict[str, str]:
    return {"key": key, "timeout_ms": str(STATEMENT_S * 1000)}


@contextmanager
def translated() -> Iterator[None]:
    """What psycopg and the wire raise becomes NoDatabase: the index goes on without a database."""
    try:
        yield
    except Gone as error:
        raise Lost(f"The index's database is gone: {_first(error)}") from error
    except NotHere as error:
        raise NoDatabase(f"The index's database failed: {_first(error)}") from error
    except Exception as error:
        psycopg = sys.modules.get("psycopg")  # what is not loaded has raised nothing
        if psycopg is None or not isinstance(error, psycopg.Error):
            raise
        raise _no_database(error) from error


def _no_database(error: Exception) -> NoDatabase:
    import psycopg

    said = _first(error)
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return Lost(f"The index's database is gone: {said}")
    hint = _PGVECTOR if 'extension "vector"' in said else NoDatabase.hint
    return NoDatabase(f"The index's database failed: {said}", hint=hint)


def _first(error: BaseException) -> str:
    """As a sentence."""
    lines = str(error).splitlines() or [type(error).__name__]
    return f"{lines[0][:300].rstrip(' .')}."
