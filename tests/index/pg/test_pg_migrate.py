"""Every step once, all or none, whoever else is at it; a later version is left alone."""

import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from importlib import resources

import pytest

from gitagent.errors import NoDatabase
from gitagent.index.pg import connect
from gitagent.index.pg.migrate import migrate, steps
from gitagent.index.pg.server import ensure, stop


@pytest.fixture
def fresh(tmp_path):
    """A server of its own, whose schema may change."""
    with ensure(tmp_path / "room") as served:
        yield served
    stop(tmp_path / "room")


@pytest.fixture
def folder(tmp_path):
    """The steps that there are, as files that a test may add to."""
    place = tmp_path / "steps"
    with resources.as_file(resources.files("gitagent.index.pg") / "migrations") as real:
        shutil.copytree(real, place)
    return place


def versions(connection):
    rows = connection.execute("select version from gitagent.versions order by version")
    return [row[0] for row in rows]


def test_a_later_step_is_taken_once_and_rows_stay(fresh, folder):
    """A new version adds what is missing; eight sessions at once take it once."""
    sessions = [connect.embedded(fresh, "key") for _ in range(8)]
    before = versions(sessions[0])
    sessions[0].execute("select set_config('gitagent.key', 'key', false)")
    sessions[0].execute("insert into gitagent.repositories (digest) values (sha256('key'))")
    number = max(before) + 1
    (folder / f"{number:04}_later.sql").write_text(
        "create table later (id int); insert into later values (1);"
    )
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda one: migrate(one, steps(folder)), sessions))
    assert sorted(taken) == [[]] * 7 + [[number]]
    assert versions(sessions[0]) == [*before, number]
    assert sessions[0].execute("select count(*) from gitagent.later").fetchone() == (1,)
    assert sessions[0].execute("select count(*) from gitagent.repositories").fetchone() == (1,)
    with pytest.raises(NoDatabase, match="later version"):
        connect.embedded(fresh, "key")


def test_a_step_that_fails_takes_none(served, folder):
    """All missing steps or none of them, so that a database is of one version."""
    with connect.embedded(served, uuid.uuid4().hex) as session:
        before = versions(session)
        (folder / "0098_good.sql").write_text("create table good (id int)")
        (folder / "0099_bad.sql").write_text("create table bad (id nothing)")
        with pytest.raises(NoDatabase), connect.translated():
            migrate(session, steps(folder))
        assert versions(session) == before
        assert session.execute("select to_regclass('gitagent.good')").fetchone() == (None,)


def test_a_database_that_is_up_to_date_is_only_asked(connection):
    """Nothing is locked or written for a session like any other."""
    assert migrate(connection) == []
