"""A session by socket or DSN; what goes wrong is one kind of error, and no secret is in it."""

import traceback

import pytest

from gitagent.errors import NoDatabase
from gitagent.index.document import Document
from gitagent.index.pg import connect
from gitagent.index.pg.store import PgStore


def dsn_of(served):
    return f"host={served.sockets} user=gitagent dbname=postgres"


def test_a_dsn_leads_to_the_same_rows(served, key, store):
    """One code path: what one session stores by socket, another finds by DSN."""
    store.put([Document("ab" * 20, "go")])
    with connect.at(dsn_of(served), key) as other:
        assert PgStore(other, key, 1).missing([("ab" * 20, "go")]) == []


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://u:FAKEKEY@[bad",
        "host=x password FAKEKEY",
        "postgresql://u:FAKEKEY@127.0.0.1:1/x",
        "host=/nowhere user=u password=FAKEKEY",
        "postgresql://u:pass@FAKEKEY@127.0.0.1:1/x",
        "postgresql://u:FAKEKEY/pass@127.0.0.1:1/x",
        "postgresql://localhost:1/FAKEKEY@127.0.0.1:1/x",
        "postgresql://127.0.0.1:FAKEKEY",
        "postgresql://u:pass@127.0.0.1:FAKEKEY/x",
    ],
)
def test_no_secret_of_a_dsn_is_told(dsn, key):
    """Neither the message nor its causes hold the password."""
    with pytest.raises(NoDatabase) as caught:
        connect.at(dsn, key)
    said = "".join(traceback.format_exception(caught.value, limit=0))
    assert "FAKEKEY" not in said


@pytest.mark.parametrize("password", ["a:b", "%40%2F%3A", "p=q&r", "[x]", "a%25b"])
def test_a_password_of_any_characters_is_taken(password, key):
    """What is escaped, or need not be, is no reason against a DSN: this one finds nobody there."""
    for hosts in ("127.0.0.1:1", "127.0.0.1", "[::1]:1", "127.0.0.1:1,[::1]:1"):
        with pytest.raises(connect.Lost):
            connect.at(f"postgresql://u:{password}@{hosts}/x?connect_timeout=1&port=1", key)


def test_a_database_without_pgvector_is_told_what_to_do(served, key):
    """The hint says what is lacking, and who can add it."""
    with (
        connect.embedded(served, key) as connection,
        pytest.raises(NoDatabase) as caught,
        connect.translated(),
    ):
        connection.execute('create extension "vector"')
    assert "create extension vector" not in str(caught.value)
    assert "create extension vector" in caught.value.hint


def test_the_environment_leads_the_embedded_session_nowhere_else(served, key, monkeypatch):
    """What libpq takes from the environment does not hold for our own server."""
    for name, value in {
        "PGHOST": "127.0.0.1",
        "PGPORT": "1",
        "PGUSER": "other",
        "PGDATABASE": "other",
        "PGSSLMODE": "require",
        "PGGSSENCMODE": "require",
        "PGCHANNELBINDING": "require",
        "PGREQUIREAUTH": "scram-sha-256",
        "PGOPTIONS": "-c search_path=nowhere",
        "PGTARGETSESSIONATTRS": "standby",
    }.items():
        monkeypatch.setenv(name, value)
    with connect.embedded(served, key) as connection:
        assert PgStore(connection, key, 1).sizes().documents == 0


def test_a_session_that_ended_is_no_database(connection, store):
    """Whatever psycopg raises, the index hears of one thing."""
    connection.close()
    for ask in (store.sizes, lambda: store.put([]), lambda: store.listing("ab" * 20)):
        with pytest.raises(NoDatabase):
            ask()


def test_keys_depend_on_roots_and_on_who_shares():
    """The order of roots says nothing; another word is another repository."""
    assert connect.repository_key(["a", "b"], "x") == connect.repository_key(["b", "a"], "x")
    assert connect.repository_key(["a"], "x") != connect.repository_key(["a"], "y")


def test_the_key_is_in_no_list_of_sessions(served, connection, key):
    """Colleagues with the same role see each other's statements, but no key in them."""
    with connect.embedded(served, "other") as other:
        seen = other.execute("select query from pg_stat_activity").fetchall()
    assert any("set_config" in query for (query,) in seen)
    assert not any(key in query for (query,) in seen)
