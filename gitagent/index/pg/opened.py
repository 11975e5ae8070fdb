"""The store of one repository, wherever its database is: where the parts are put together."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitagent.index.pg import connect
from gitagent.index.pg.server import USUAL, Limits, ensure
from gitagent.index.pg.store import PgStore
from gitagent.index.stored import VERSION

DYING_S = 3.0
"""How long a server that was killed may take connections that it will not serve."""


@dataclass(frozen=True)
class Place:
    """Where the index is kept: at a DSN, else by the embedded server of a folder.

    `share` is the word by which a team shares rows at its DSN (see `connect.repository_key`).
    """

    folder: Path
    dsn: str = ""
    share: str = ""
    limits: Limits = USUAL


@contextmanager
def opened(place: Place, roots: Sequence[str], edition: int = VERSION) -> Iterator[PgStore]:
    """The rows of the repository with these root commits, for documents of an edition.

    NoDatabase where there is no database to be had. The server stays at least as long as this.
    """
    key = connect.repository_key(roots, place.share)
    with ExitStack() as held:
        if place.dsn:
            connection = held.enter_context(connect.at(place.dsn, key))
            yield PgStore(connection, key, edition)
        else:
            yield _embedded(place, key, edition, held)


def _embedded(place: Place, key: str, edition: int, held: ExitStack) -> PgStore:
    """The store at the embedded server; at the next one, where the first is about to go."""
    ends = time.monotonic() + DYING_S
    while True:
        with ExitStack() as trying:
            served = trying.enter_context(ensure(place.folder, place.limits))
            try:
                connection = trying.enter_context(connect.quick(served, key))
                store = PgStore(connection, key, edition)
            except connect.Lost as error:
                if time.monotonic() > ends:
                    hint = f"If it stays so, remove {place.folder}: it is a cache, and made anew."
                    raise connect.Lost(str(error), hint=hint) from error
            else:
                held.push(trying.pop_all())
                return store
        time.sleep(0.05)
