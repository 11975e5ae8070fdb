"""`git agent context --graph` draws what a file touches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bench import Bench

from gitagent.testing.snapshot import snapshot

Make = Callable[..., Path]
SHOP = {
    "shop/cart.py": (
        "from shop.prices import parse_price\n\n\ndef total(t):\n    return parse_price(t)\n"
    ),
    "shop/prices.py": "def parse_price(text):\n    return float(text)\n",
    "main.py": "from shop.cart import total\n\nprint(total('1'))\n",
    ".env": "KEY=FAKEKEY-graph\n",
}


@pytest.fixture
def shop(repo: Make) -> Path:
    return repo(SHOP)


def test_people_get_a_tree(bench: Bench, shop: Path) -> None:
    """Without colours where there is no terminal; nothing is written."""
    before = snapshot(shop)
    ran = bench.run("context", "--graph", "shop/cart.py", cwd=shop)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [
        "shop/cart.py",
        "├─ defines 1",
        "│  └─ total  function, lines 4-5",
        "├─ needs 1 file",
        "│  └─ shop/prices.py  imported; uses parse_price",
        "└─ is needed by 1 file",
        "   └─ main.py  imports it; uses what it defines",
    ]
    assert before.diff(snapshot(shop)) == []


def test_scripts_get_a_document(bench: Bench, shop: Path) -> None:
    """Files with their distance, and how each needs the other."""
    found = bench.run("context", "--graph", "shop/cart.py", "--json", cwd=shop).json()
    assert found["path"] == "shop/cart.py"
    assert {"path": "shop/prices.py", "distance": 1} in found["files"]
    assert found["edges"][0] == {
        "from": "shop/cart.py",
        "to": "shop/prices.py",
        "imports": True,
        "uses": True,
        "names": ["parse_price"],
    }


def test_a_file_is_named_as_in_the_folder_or_from_the_top(bench: Bench, shop: Path) -> None:
    """Like git's own paths, and those that we print."""
    for name in ("cart.py", "../shop/cart.py", "shop/cart.py"):
        ran = bench.run("context", "--graph", name, cwd=shop / "shop")
        assert ran.out.startswith("shop/cart.py\n"), ran.err


def test_further_steps_can_be_drawn(bench: Bench, shop: Path) -> None:
    """`--depth` leads to what the needed files need."""
    ran = bench.run("context", "--graph", "main.py", "--depth", "2", cwd=shop)
    assert "shop/prices.py" in ran.out
    assert "shop/prices.py" not in bench.run("context", "--graph", "main.py", cwd=shop).out


def test_the_format_is_that_of_the_file(bench: Bench, shop: Path, tmp_path: Path) -> None:
    """By its ending, unless it is named; stdout stays empty."""
    for name in ("x.svg", "x.dot", "x.txt"):
        out = tmp_path / name
        ran = bench.run("context", "--graph", "shop/cart.py", "-o", str(out), cwd=shop)
        assert (ran.code, ran.out) == (0, ""), ran.err
        assert "3 files" in ran.err
    assert ElementTree.parse(tmp_path / "x.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "x.dot").read_text().startswith("digraph")
    assert (tmp_path / "x.txt").read_text().startswith("shop/cart.py\n├─")
    ran = bench.run("context", "--graph", "shop/cart.py", "--format", "dot", cwd=shop)
    assert ran.out == (tmp_path / "x.dot").read_text()


def test_a_link_is_not_written_through(bench: Bench, shop: Path, tmp_path: Path) -> None:
    """What it leads to was not named."""
    victim, link = tmp_path / "victim", tmp_path / "x.svg"
    victim.write_text("mine")
    link.symlink_to(victim)
    ran = bench.run("context", "--graph", "shop/cart.py", "-o", str(link), cwd=shop)
    assert ran.code == 2
    assert (victim.read_text(), link.is_symlink()) == ("mine", True)


def test_a_drawing_that_is_made_again_keeps_its_mode(
    bench: Bench, shop: Path, tmp_path: Path
) -> None:
    """Who may read it was decided by a person, and nothing is left beside it."""
    out = tmp_path / "out" / "x.dot"
    out.parent.mkdir()
    out.write_text("old")
    out.chmod(0o640)
    assert bench.run("context", "--graph", "shop/cart.py", "-o", str(out), cwd=shop).code == 0
    assert (out.stat().st_mode & 0o777, [*out.parent.iterdir()]) == (0o640, [out])
    assert out.read_text().startswith("digraph")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--graph", "nowhere.py"), "There is no file"),
        (("--graph", "deep/prices.py"), "There is shop/prices.py"),
        (("--graph", "shop/cart.py", "a query"), "takes no query"),
        (("--graph", "shop/cart.py", "--json", "-o", "x.svg"), "does not go with"),
        (("--graph", "shop/cart.py", "-o", "no/such/folder/x.svg"), "There is no folder"),
        (("--graph", "shop/cart.py", "--base", "nowhere"), "names no commit"),
        ((), "no text"),
    ],
)
def test_wrong_words_are_a_usage_error(
    bench: Bench, shop: Path, words: tuple[str, ...], said: str
) -> None:
    """Exit 2, with a sentence."""
    ran = bench.run("context", *words, cwd=shop)
    assert ran.code == 2
    assert said in ran.err


def test_a_file_that_nothing_is_known_of_stands_alone(bench: Bench, shop: Path) -> None:
    """One that looks like a secret is not read."""
    ran = bench.run("context", "--graph", ".env", cwd=shop)
    assert (ran.code, ran.out) == (0, ".env\n")
