"""Words, identifiers and paths of a text lead to the files that it is about."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gitagent.git.repository import GitRepo
from gitagent.index.lexical import LARGEST_FILE, LexicalIndex, parse
from gitagent.testing.repositories import SAMPLE_TASK, Content, Entry, big, sample

Ranked = Callable[..., list[str]]


@pytest.fixture
def ranked(repo: Callable[..., Path]) -> Ranked:
    """The paths that a query finds, best first."""

    def look(files: dict[str, Content], query: str, limit: int = 9) -> list[str]:
        real = GitRepo.open(repo(files))
        tree = real.tree_of(real.resolve("HEAD"))
        return [hit.path for hit in LexicalIndex(real).search(tree, query, limit)]

    return look


def test_the_definition_comes_before_the_mention(ranked: Ranked) -> None:
    """Who defines a name is closer to a task about it than who uses it."""
    files: dict[str, Content] = {
        "uses.py": "from lib import parse_price\n" + "    x = parse_price(1)\n" * 3,
        "lib.py": "def parse_price(text):\n    return text\n",
    }
    assert ranked(files, "`parse_price` is wrong")[0] == "lib.py"


@pytest.mark.parametrize(
    "query", ["change src/shop/cart.py", "change cart.py", "the shop cart", "ShopCart"]
)
def test_a_path_is_found_by_its_name_and_its_parts(ranked: Ranked, query: str) -> None:
    """Written out, by its last part, or in words."""
    files: dict[str, Content] = {"src/shop/cart.py": "x = 1\n", "src/other.py": "y = 2\n"}
    assert ranked(files, query)[0] == "src/shop/cart.py"


@pytest.mark.parametrize("query", ["parse price", "ParsePrice", "parse_price", "parsing prices"])
def test_identifiers_are_split_and_words_are_stemmed(ranked: Ranked, query: str) -> None:
    """camelCase, snake_case and plain words mean one thing."""
    files: dict[str, Content] = {"a.py": "def parse_price(): ...\n", "b.py": "z = 0\n"}
    assert ranked(files, query) == ["a.py"]


def test_rare_words_weigh_more_than_common_ones(ranked: Ranked) -> None:
    """BM25: what every file has says little."""
    files: dict[str, Content] = {f"f{n}.py": "value value value\n" for n in range(8)}
    files["rare.py"] = "value zebra\n"
    assert ranked(files, "value zebra")[0] == "rare.py"


def test_what_is_no_text_is_not_searched(ranked: Ranked) -> None:
    """Binary files, links, and what is larger than a source file ever is."""
    files: dict[str, Content] = {
        "a.bin": b"zebra\0",
        "link": Entry(symlink_to="/zebra"),
        "large.txt": "zebra " * (LARGEST_FILE // 6 + 1),
        "a.py": "zebra\n",
    }
    assert ranked(files, "zebra") == ["a.py"]


@pytest.mark.parametrize("query", ["", "the and of", "\x00\x1b", "?!", "日本語"])
def test_a_query_without_words_finds_nothing(ranked: Ranked, query: str) -> None:
    """It is no error either."""
    assert ranked({"a.py": "zebra\n"}, query) == []


def test_the_limit_is_kept_and_ties_are_in_order(ranked: Ranked) -> None:
    """The same question has the same answer."""
    files: dict[str, Content] = {f"f{n}.py": "zebra\n" for n in (3, 1, 2)}
    assert ranked(files, "zebra", 2) == ["f1.py", "f2.py"]


def test_spans_show_where_the_words_stand(repo: Callable[..., Path]) -> None:
    """1-based, inclusive, in order and apart."""
    lines = [f"value_{n} = {n}\n" for n in range(400)]
    lines[99] = lines[299] = "zebra = 1\n"
    real = GitRepo.open(repo({"a.py": "".join(lines)}))
    (hit,) = LexicalIndex(real).search(real.tree_of(real.resolve("HEAD")), "zebra", 5)
    assert [span.start <= n <= span.end for span, n in zip(hit.spans, (100, 300), strict=True)] == [
        True, True,
    ]  # fmt: skip
    assert all(a.end < b.start for a, b in zip(hit.spans, hit.spans[1:], strict=False))


def test_the_samples_task_finds_the_file_with_the_mistake(tmp_path: Path) -> None:
    """Among the first few, so that the smallest model is shown it."""
    real = GitRepo.open(sample(tmp_path / "r"))
    tree = real.tree_of(real.resolve("HEAD"))
    hits = LexicalIndex(real).search(tree, SAMPLE_TASK, 10)
    assert "daybook/intervals.py" in [hit.path for hit in hits][:6]


def test_two_thousand_files_are_searched_in_a_blink(tmp_path: Path) -> None:
    """No index is needed at this size."""
    real = GitRepo.open(big(tmp_path / "r", 2000))
    tree = real.tree_of(real.resolve("HEAD"))
    index = LexicalIndex(real)
    began = time.process_time()
    assert index.search(tree, "Make the parser of module 17 faster", 20)
    assert time.process_time() - began < 3.0


def test_a_texts_own_words_are_what_is_looked_for() -> None:
    """Short and empty words are left out; identifiers are kept whole beside their parts."""
    found = parse("Make `render` of HTMLPage faster in src/web/page.py")
    assert {b"render", b"HTMLPage"} <= set(found.names)
    assert {b"html", b"page"} <= set(found.terms)
    assert "src/web/page.py" in found.paths
    assert b"make" not in found.terms


def test_without_a_database_too_it_is_known_what_a_file_defines(
    repo: Callable[..., Path],
) -> None:
    """In the order of its lines; of what is not there, or too long to be read, nothing."""
    files: dict[str, Content] = {
        "a.go": "package a\n\nfunc Price() {\n}\n\nfunc Word() {\n}\n",
        "long.py": "def price(): ...\n" + "#" * LARGEST_FILE,
    }
    real = GitRepo.open(repo(files))
    tree = real.tree_of(real.resolve("HEAD"))
    index = LexicalIndex(real)
    found = index.outline(tree, "a.go")
    assert [(each.name, each.span.start) for each in found] == [("Price", 3), ("Word", 6)]
    assert index.outline(tree, "a.go") is found
    assert not index.outline(tree, "long.py")
    assert not index.outline(tree, "gone.py")
