"""`git agent context --map` lists the folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bench import Bench

from gitagent.testing.snapshot import snapshot

Make = Callable[..., Path]


@pytest.fixture
def shop(repo: Make) -> Path:
    files = {f"shop/cart/part{n}.py": f"class Cart{n}:\n    pass\n" for n in range(3)}
    return repo({**files, "shop/a.py": "def buy():\n    pass\n", "main.py": "x = 1\n"})


def test_people_get_a_line_a_folder_and_what_is_in_it(bench: Bench, shop: Path) -> None:
    """Without a model, what the files define; nothing is written."""
    before = snapshot(shop)
    ran = bench.run("context", "--map", cwd=shop)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [
        "./  5 files, 92 B",
        "    buy, Cart0, Cart1, Cart2",
        "shop/  4 files, 86 B",
        "    buy, Cart0, Cart1, Cart2",
        "shop/cart/  3 files, 66 B",
        "    Cart0, Cart1, Cart2",
    ]
    assert before.diff(snapshot(shop)) == []


def test_scripts_get_rows(bench: Bench, shop: Path) -> None:
    """With the id of the tree, which a summary goes by."""
    rows = bench.run("context", "--map", "--json", "--depth", "1", cwd=shop).json()
    assert [row["path"] for row in rows] == ["", "shop"]
    assert rows[1]["summary"] is None
    assert rows[1]["names"] == ["buy", "Cart0", "Cart1", "Cart2"]
    assert len(rows[1]["tree"]) == 40


def test_the_largest_may_be_enough(bench: Bench, shop: Path) -> None:
    """And it is said how many there are beside them."""
    ran = bench.run("context", "--map", "--limit", "1", cwd=shop)
    assert ran.out.startswith("./  5 files")
    assert "shop/" not in ran.out
    assert "2 folders more" in ran.err


def test_a_map_takes_no_query(bench: Bench, shop: Path) -> None:
    """It would be ignored."""
    assert bench.run("context", "--map", "words", cwd=shop).code == 2


def test_an_empty_tree_has_no_map(bench: Bench, repo: Make) -> None:
    """It is said."""
    ran = bench.run("context", "--map", cwd=repo({".env": "KEY=1\n"}))
    assert (ran.code, ran.out) == (0, "")
    assert "no file" in ran.err
