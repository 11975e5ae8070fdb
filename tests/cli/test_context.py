"""`git agent context` says what a task would look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bench import FILES, Bench

from gitagent.testing.repositories import git
from gitagent.testing.snapshot import snapshot

Make = Callable[..., Path]
MORE = {
    "shop/prices.py": "def parse_price(text):\n    return float(text)\n",
    "shop/stock.py": "def count(items):\n    return len(items)\n",
    "tests/test_prices.py": "from shop.prices import parse_price\n",
    ".env": "KEY=FAKEKEY-context parse_price\n",
}


@pytest.fixture
def shop(repo: Make) -> Path:
    return repo({**FILES, **MORE})


def test_the_file_that_defines_what_is_named_comes_first(bench: Bench, shop: Path) -> None:
    """With the reasons, best first; nothing is written and no model asked."""
    before = snapshot(shop)
    ran = bench.run("context", "reject negative amounts in parse_price", "--json", cwd=shop)
    assert ran.code == 0, ran.err
    first, *others = ran.json()
    assert first["path"] == "shop/prices.py"
    assert {"named", "text", "symbol"} <= set(first["why"])
    assert first["spans"][0][0] == 1
    assert [hit["path"] for hit in others][:1] == ["tests/test_prices.py"]
    assert before.diff(snapshot(shop)) == []


def test_people_get_a_line_a_file(bench: Bench, shop: Path) -> None:
    """Score, path, reasons, lines."""
    ran = bench.run("context", "parse_price", "--limit", "1", cwd=shop)
    (line,) = ran.out.splitlines()
    score, path, reasons = line.split(maxsplit=2)
    assert float(score) > 0
    assert path == "shop/prices.py"
    assert reasons.startswith("(named, text, ")
    assert "symbol" in reasons
    assert reasons.endswith("lines 1-2")


def test_what_no_model_is_shown_is_not_ranked(bench: Bench, shop: Path) -> None:
    """Files that look like secrets, and what the configuration leaves out."""
    said = bench.run("context", "KEY parse_price", "--json", cwd=shop)
    assert ".env" not in said.out
    (shop / "gitagent.toml").write_text('[context]\nignore = ["shop/*"]\n')
    git(shop, "add", "gitagent.toml")
    git(shop, "commit", "--quiet", "-m", "Leave the shop out")
    assert "shop/prices.py" not in bench.run("context", "parse_price", "--json", cwd=shop).out


def test_another_commit_can_be_looked_at(bench: Bench, shop: Path) -> None:
    """Without checking it out."""
    git(shop, "rm", "--quiet", "shop/prices.py")
    git(shop, "commit", "--quiet", "-m", "No prices")
    assert "shop/prices.py" not in bench.run("context", "parse_price", "--json", cwd=shop).out
    ran = bench.run("context", "parse_price", "--base", "HEAD~1", "--json", cwd=shop)
    assert ran.json()[0]["path"] == "shop/prices.py"


@pytest.mark.parametrize(
    ("words", "said"), [(("  ",), "no text"), (("x", "--base", "nowhere"), "names no commit")]
)
def test_wrong_words_are_a_usage_error(
    bench: Bench, shop: Path, words: tuple[str, ...], said: str
) -> None:
    """Exit 2, with a sentence."""
    ran = bench.run("context", *words, cwd=shop)
    assert ran.code == 2
    assert said in ran.err


def test_many_files_may_be_asked_for(bench: Bench, repo: Make) -> None:
    """More than a task would read."""
    folder = repo({f"part_{n}.py": f"def parse_price_{n}(): pass\n" for n in range(90)})
    ran = bench.run("context", "parse_price", "--limit", "80", "--json", cwd=folder)
    assert len(ran.json()) == 80
