"""Our own server is asked in a few words of its protocol; psycopg says what they cannot."""

from __future__ import annotations

import socket
import subprocess
import threading

import pytest

from gitagent.errors import NoDatabase
from gitagent.index.document import Document
from gitagent.index.pg import cluster, connect
from gitagent.index.pg.room import PORT
from gitagent.index.pg.server import Limits, ensure, stop
from gitagent.index.pg.store import FEW_BYTES, PgStore
from gitagent.index.pg.wire import Gone, NotHere, Wire
from gitagent.index.store import Entry

LIMITS = Limits(idle_s=60)
ODD = [
    "",
    "a",
    'say "x"',
    "back\\slash",
    "{a,b}",
    "NULL",
    "null",
    " ",
    "é",
    "日本",
    "it's",
    "%(x)s",
]


@pytest.fixture
def wire(served):
    found = Wire(
        f"{served.sockets}/.s.PGSQL.{PORT}",
        cluster.ROLE,
        cluster.DATABASE,
        connect_s=5,
        answer_s=5,
    )
    yield found
    found.close()


def test_texts_and_bytes_arrive_as_they_are(wire):
    """Whatever their characters mean to an array or to SQL."""
    raw = [text.encode() for text in ODD]
    sql = "select unnest(%(texts)s::text[]), unnest(%(raw)s::bytea[])"
    assert wire.ask(sql, {"texts": ODD, "raw": raw}) == list(zip(ODD, raw, strict=True))
    for text in ODD:
        one = {"text": text, "raw": text.encode()}
        assert wire.ask("select %(text)s::text, %(raw)s::bytea, %(text)s::text", one) == [
            (text, text.encode(), text)
        ]


def test_numbers_truths_and_nothing_arrive_as_they_are(wire):
    """As psycopg would read them."""
    for number in (0, 1, -1, 2**31 - 1, -(2**63)):
        assert wire.ask("select %(n)s::bigint", {"n": number}) == [(number,)]
    found = wire.ask(
        "select true, false, null::int, 7::smallint, %(n)s = any(%(all)s)",
        {
            "n": 3,
            "all": [1, 3],
        },
    )
    assert found == [(True, False, None, 7, True)]
    assert wire.ask("select 1 where 1 = any(%(none)s::int[])", {"none": []}) == []


def test_what_the_wire_cannot_say_leaves_it_usable(wire):
    """An error of the server's, a type that is not read, an argument that is not written."""
    for sql, values in (
        ("select nonsense", {}),
        ("select 1 / 0", {}),
        ("select 1.5::numeric", {}),
        ("select %(x)s::text", {"x": 1.5}),
        ("select %(x)s::text", {"x": "a\0b"}),
    ):
        with pytest.raises(NotHere):
            wire.ask(sql, values)
        assert wire.ask("select 1", {}) == [(1,)]


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"R\0\0",
        b"R\0\0\0\x08\0\0\0\x05",
        b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05",
        b"E\0\0\0\x0bSFATAL\0\0",
        b"Z\0\0\0\0",
        b"\xff" * 64,
    ],
)
def test_a_server_that_talks_nonsense_is_none(tmp_path, said):
    """It is cut off, wants a password, says no, or is something else: never a row."""
    place = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(place)
        server.listen()

        def serve():
            client, _ = server.accept()
            with client:
                client.recv(1000)
                client.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises((Gone, NotHere)):
            Wire(place, "a", "b", connect_s=1, answer_s=1).ask("select 1", {})
        thread.join()


def test_a_server_that_says_nothing_is_not_waited_for_long(tmp_path):
    """A server that was killed may take connections that nobody serves."""
    place = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(place)
        server.listen()
        with pytest.raises(Gone):
            Wire(place, "a", "b", connect_s=0.05, answer_s=1)


def stored(store):
    document = Document("ab" * 20, "go", 3, {"text": {"price": 2}}, b"places", b"facts")
    store.put([document])
    assert store.keep("cd" * 20, [Entry("a.go", document.object, "go")]) == []


def asked(store):
    listing = store.listing("cd" * 20)
    positions, counts = listing.postings("text", ["price", "other"])["price"]
    return (
        *(list(listing.labels), list(listing.lengths), list(positions), list(counts)),
        *(listing.places([0]), listing.facts([0]), listing.skipped(), store.crowded(0)),
    )


def test_both_ways_lead_to_the_same_rows(served, key, store):
    """What psycopg wrote is asked by wire, and by psycopg."""
    stored(store)
    with connect.quick(served, key) as session:
        assert asked(PgStore(session, key, 1)) == asked(store)
    assert asked(store)[4] == {0: b"places"}


def test_writing_goes_on_where_asking_began(served, key):
    """The session becomes one of psycopg, with the same rows and settings."""
    with connect.quick(served, key) as session:
        store = PgStore(session, key, 1)
        assert store.missing([("ab" * 20, "go")]) == [("ab" * 20, "go")]
        stored(store)
        assert asked(store)[0] == ["a.go"]
        assert store.filtered()


def test_a_session_of_another_key_sees_nothing(served, key, store):
    """The filter of the server holds by wire, too."""
    stored(store)
    with connect.quick(served, "another") as session:
        other = PgStore(session, "another", 1)
        assert other.listing("cd" * 20) is None
        assert session.execute("select count(*) from documents").fetchone() == (0,)


def test_a_failure_is_told_as_psycopg_tells_it(served, key):
    """It is NoDatabase, whichever way it came."""
    with connect.quick(served, key) as session:
        with pytest.raises(NoDatabase), connect.translated():
            session.execute("select nonsense")
        assert session.execute("select 1 as one").fetchall() == [(1,)]


def test_a_server_that_ends_meanwhile_is_lost(tmp_path):
    """The index then goes on without."""
    with ensure(tmp_path / "room", LIMITS) as served, connect.quick(served, "key") as session:
        store = PgStore(session, "key", 1)
        assert store.listing("cd" * 20) is None
        stop(tmp_path / "room")
        with pytest.raises(connect.Lost):
            store.listing("cd" * 20)


def test_a_database_that_is_not_migrated_yet_is_so_at_once(tmp_path):
    """The first session of a new server makes the tables."""
    with ensure(tmp_path / "room", LIMITS) as served, connect.quick(served, "key") as session:
        assert PgStore(session, "key", 1).missing([]) == []
    stop(tmp_path / "room")


def test_few_documents_are_stored_as_many_are(served):
    """In one statement or by COPY, over the wire or by psycopg: what comes out went in."""
    odd = {text: n for n, text in enumerate(ODD, 1) if text}
    said = [
        Document("ab" * 20, "go", 3, {"text": odd, "names": {}}, b"\0\xff\\", b'{"}'),
        Document("ab" * 20, "", 0, skipped='its "name" says so'),
        Document("cd" * 20, "日本", 2**31 - 1, {"text": {"price": 2**20}}),
    ]
    large = Document("ef" * 20, "", places=b"x" * FEW_BYTES)
    found = []
    for size, session in (
        (0, connect.quick(served, "few by wire")),
        (0, connect.embedded(served, "few by psycopg")),
        (1, connect.quick(served, "many by wire")),
        (1, connect.embedded(served, "many by psycopg")),
    ):
        with session:
            key = session.execute("select current_setting('gitagent.key')").fetchone()[0]
            store = PgStore(session, key, 1)
            assert store.put([*said, *[large][:size]]) == len(said) + size
            assert store.put(said) == 0
            entries = [Entry(f"{n} é", d.object, d.language) for n, d in enumerate(said)]
            assert store.keep("12" * 20, entries) == []
            listing = store.listing("12" * 20)
            found.append(
                (
                    *(list(listing.labels), list(listing.lengths), listing.skipped()),
                    *(listing.places([0, 1, 2]), listing.facts([0, 1, 2])),
                    {
                        term: (list(positions), list(counts))
                        for term, (positions, counts) in listing.postings(
                            "text", [*ODD, "price"]
                        ).items()
                    },
                )
            )
    assert found[1:] == found[:1] * 3
    assert found[0][2] == {1: 'its "name" says so'}
    assert found[0][5]["price"] == ([2], [2**16 - 1])
    assert found[0][5]['say "x"'] == ([0], [3])


def changed(session, sql, error):
    with connect.translated(), session.transaction():
        session.execute("update repositories set documents = 77")
        assert session.execute("select documents from repositories").fetchone() == (77,)
        session.execute(sql)
        session.execute("update repositories set documents = 77")
        raise error


def test_a_transaction_that_is_left_by_an_error_has_done_nothing(served, key):
    """Be it ours, the server's, or somebody's who cannot wait; the session goes on."""
    for error, sql in (
        (ValueError, "select 1"),
        (NoDatabase, "select nonsense"),
        (NoDatabase, "select 1.5::numeric"),
        (KeyboardInterrupt, "select 1"),
    ):
        with connect.quick(served, key) as session:
            store = PgStore(session, key, 1)
            with pytest.raises(error):
                changed(session, sql, error)
            asked = "select count(*) from repositories where documents = 77"
            assert session.execute(asked).fetchone() == (0,)
            assert store.missing([]) == []


def ended(session, room):
    with connect.translated(), session.transaction():
        session.execute("update repositories set documents = 1")
        stop(room)
        session.execute("update repositories set documents = 2")


def test_a_server_that_ends_within_a_transaction_is_lost(tmp_path):
    """Nothing is said a second time by psycopg, which would be another transaction."""
    with ensure(tmp_path / "room", LIMITS) as served, connect.quick(served, "key") as session:
        PgStore(session, "key", 1)
        with pytest.raises(connect.Lost):
            ended(session, tmp_path / "room")


SEARCH = """
import sys
from pathlib import Path
from gitagent.index.document import Document
from gitagent.index.pg.opened import Place, opened
from gitagent.index.store import Entry
with opened(Place(Path(sys.argv[1])), ["root"], 1) as store:
    found = store.listing("cd" * 20)
    assert found.postings("text", ["price"]) and found.places([0]) and not store.crowded(9)
    assert store.missing([("12" * 20, "go")]) == [("12" * 20, "go")]
    assert store.put([Document("12" * 20, "go", 1, {"text": {"price": 1}}, b"1", b"2")]) == 1
    assert store.keep("34" * 20, [Entry("b.go", "12" * 20, "go")]) == []
    assert store.listing("34" * 20).places([0]) == {0: b"1"}
    print("psycopg" in sys.modules, "asyncio" in sys.modules)
"""


def test_a_search_after_a_small_commit_does_not_load_psycopg(tmp_path, python):
    """It would take longer than the search."""
    command, environ = python
    room = tmp_path / "room"
    with ensure(room, LIMITS) as served:
        key = connect.repository_key(["root"], "")
        with connect.quick(served, key) as session:
            stored(PgStore(session, key, 1))
        done = subprocess.run(
            [*command, "-c", SEARCH, str(room)],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
    stop(room)
    assert (done.stdout, done.stderr) == ("False False\n", "")
