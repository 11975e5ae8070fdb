"""Questions to a repository are answered with a database, without one, and when it is lost."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from gitagent.domain.code import Mention
from gitagent.errors import NoDatabase
from gitagent.git.past import Past
from gitagent.git.repository import GitRepo
from gitagent.index import code
from gitagent.index.code import CodeIndex
from gitagent.index.document import Document
from gitagent.index.left_out import LARGEST
from gitagent.index.memory import MemoryStore
from gitagent.index.pg import connect
from gitagent.index.pg.store import PgStore
from gitagent.index.store import Store
from gitagent.testing.repositories import SAMPLE_TASK, Content, Entry, big, commit, git, sample

Make = Callable[..., Path]
Ranked = Callable[..., list[str]]

SHOP: dict[str, Content] = {
    "shop/cart.py": "def total(rows):\n    return sum(rows)\n",
    "shop/main.py": "from shop.cart import total\n\nprint(total([1]))\n",
    "README.md": "# Shop\n\nSums up carts.\n",
}


class Database:
    """Opens a store as a database is, and counts how often."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.opened = self.closed = 0

    @contextmanager
    def __call__(self) -> Iterator[Store]:
        self.opened += 1
        yield self.store
        self.closed += 1


class Lost:
    """Hears that the database is lost."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def __call__(self, error: NoDatabase) -> None:
        self.told.append(str(error))


class Unreadable(MemoryStore):
    """Keeps what nobody can read, as another version might."""

    def put(self, documents: Sequence[Document]) -> int:
        return super().put([replace(d, places=b"\xc1", facts=b"\xc1") for d in documents])


@contextmanager
def absent() -> Iterator[Store]:
    raise NoDatabase("There is none.")
    yield MemoryStore()


def opened(folder: Path, *args: object, **named: object) -> tuple[CodeIndex, str]:
    """The index of a repository at its HEAD, and the tree of that."""
    repo = GitRepo.open(folder)
    head = repo.resolve("HEAD")
    return CodeIndex(repo, Past(repo), head, *args, **named), repo.tree_of(head)  # type: ignore[arg-type]


Question = Callable[[CodeIndex, str], object]
QUESTIONS: dict[str, Question] = {
    "search": lambda index, tree: index.search(tree, "total of the cart", 5),
    "outline": lambda index, tree: index.outline(tree, "shop/cart.py"),
    "definitions": lambda index, tree: index.definitions(tree, "total", 5),
    "references": lambda index, tree: index.references(tree, "total", 5),
    "links": lambda index, tree: index.links(tree, "shop/cart.py"),
}


def answers(index: CodeIndex, tree: str) -> dict[str, object]:
    """What each question says of SHOP."""
    return {name: ask(index, tree) for name, ask in QUESTIONS.items()}


# --- Databases ----------------------------------------------------------------------------------


def test_a_small_tree_opens_no_database(repo: Make) -> None:
    """It is read in less time than it takes to ask."""
    database = Database(MemoryStore())
    index, tree = opened(repo(SHOP), database)
    with index:
        assert index.search(tree, "cart", 5)[0].path == "shop/cart.py"
    assert (database.opened, database.closed) == (0, 0)


def test_a_large_tree_opens_it_once_and_lets_go_in_the_end(
    repo: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is asked, and of how many trees."""
    monkeypatch.setattr(code, "SMALL", 0)
    folder = repo(SHOP)
    database = Database(MemoryStore())
    index, tree = opened(folder, database)
    with index:
        assert all(answers(index, tree).values())
        later = commit(folder, {"new.py": "zebra = 1\n"}, "later")
        other = GitRepo.open(folder).tree_of(later)
        assert [hit.path for hit in index.search(other, "zebra", 5)] == ["new.py"]
        assert (database.opened, database.closed) == (1, 0)
    assert (database.opened, database.closed) == (1, 1)


def test_a_closed_index_can_be_asked_again(repo: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """It opens what it needs, and lets go of that too."""
    monkeypatch.setattr(code, "SMALL", 0)
    database = Database(MemoryStore())
    index, tree = opened(repo(SHOP), database)
    for times in (1, 2):
        with index:
            assert all(answers(index, tree).values())
        assert (database.opened, database.closed) == (times, times)


def test_without_a_database_all_is_answered(repo: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told of the loss of what nobody wanted."""
    monkeypatch.setattr(code, "SMALL", 0)
    lost = Lost()
    index, tree = opened(repo(SHOP), None, on_lost=lost)
    with index:
        assert all(answers(index, tree).values())
    assert lost.told == []


def test_a_database_that_cannot_be_opened_is_told_once(
    repo: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And all is answered as without one."""
    folder = repo(SHOP)
    index, tree = opened(folder, None)
    expected = answers(index, tree)
    monkeypatch.setattr(code, "SMALL", 0)
    lost = Lost()
    index, tree = opened(folder, absent, on_lost=lost)
    with index:
        assert answers(index, tree) == expected
        assert answers(index, tree) == expected
    assert lost.told == ["There is none."]


def test_rows_that_cannot_be_read_are_done_without(
    repo: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told once, with what makes them anew."""
    monkeypatch.setattr(code, "SMALL", 0)
    told: list[NoDatabase] = []
    folder = repo(SHOP)
    index, tree = opened(folder, Database(Unreadable()), on_lost=told.append)
    in_memory, _ = opened(folder)
    with index, in_memory:
        assert answers(index, tree) == answers(in_memory, tree)
    assert ["--rebuild" in error.hint for error in told] == [True]


def test_a_database_says_what_memory_says(
    connection, key: str, repo: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same hits with the same scores, reasons and spans; the second time, too."""
    folder = repo(SHOP)
    for n in range(3):
        commit(folder, {"shop/cart.py": f"def total(rows):\n    return sum(rows) + {n}\n"}, "Carts")
    index, tree = opened(folder, None)
    expected = answers(index, tree)
    monkeypatch.setattr(code, "SMALL", 0)
    for _ in range(2):
        index, tree = opened(folder, Database(PgStore(connection, key)))
        with index:
            assert answers(index, tree) == expected


@pytest.mark.parametrize("asked", QUESTIONS)
def test_a_database_that_dies_in_the_middle_is_done_without(
    served, key: str, repo: Make, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """Between two questions, whichever comes next; it is told once."""
    folder = repo(SHOP)
    expected = answers(*opened(folder, None))
    monkeypatch.setattr(code, "SMALL", 0)
    lost = Lost()
    with connect.embedded(served, key) as dying, connect.embedded(served, key) as killer:
        database = Database(PgStore(dying, key))
        index, tree = opened(folder, database, on_lost=lost)
        with index:
            index.search(tree, "parcel", 5)
            killer.execute("select pg_terminate_backend(%s)", [dying.info.backend_pid])
            assert QUESTIONS[asked](index, tree) == expected[asked]
            assert answers(index, tree) == expected
    assert len(lost.told) == 1
    assert (database.opened, database.closed) == (1, 1)


def test_a_database_that_dies_while_it_is_filled_is_done_without(
    served, key: str, repo: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was stored is no loss; what was not is read here."""
    monkeypatch.setattr(code, "SMALL", 0)
    lost = Lost()
    with connect.embedded(served, key) as dying, connect.embedded(served, key) as killer:

        def read(_done: int, _all: int) -> None:
            if not lost.told:
                killer.execute("select pg_terminate_backend(%s)", [dying.info.backend_pid])

        database = Database(PgStore(dying, key))
        index, tree = opened(repo(SHOP), database, on_lost=lost, on_progress=read)
        with index:
            assert all(answers(index, tree).values())
    assert len(lost.told) == 1


def test_any_number_of_trees_is_answered(repo: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many are kept in mind, and the first is found again."""
    monkeypatch.setattr(code, "SNAPSHOTS_KEPT", 2)
    folder = repo({"a.py": "zebra\n"})
    real = GitRepo.open(folder)
    index, first = opened(folder)
    trees = [first]
    for n in range(4):
        trees.append(real.tree_of(commit(folder, {f"b{n}.py": "zebra\n"}, "more")))
    for round_ in (trees, reversed(trees)):
        for tree in round_:
            found = {hit.path for hit in index.search(tree, "zebra", 9)}
            assert len(found) == trees.index(tree) + 1
    assert len(index._snapshots) == 2


def test_how_much_of_the_past_is_known_depends_on_the_tree_alone(
    repo: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not on what was asked before, nor on whether there is a database."""
    folder = repo({"a.py": "x = 1\n"})
    small = git(folder, "rev-parse", "HEAD^{tree}").strip()
    commit(folder, {"a.py": "x = 2\n"}, "Zebra")
    commit(folder, {"b.py": "y = 1\n" * 100}, "Grow")
    monkeypatch.setattr(code, "SMALL", 100)
    monkeypatch.setattr(code, "COMMITS_OF_SMALL", 1)
    for database in (None, Database(MemoryStore())):
        index, tree = opened(folder, database)
        with index:
            assert index.search(small, "zebra", 5) == []
            assert [hit.path for hit in index.search(tree, "zebra", 5)] == ["a.py"]
            assert index.search(small, "zebra", 5) == []


# --- What is asked ------------------------------------------------------------------------------


def test_each_question_is_answered_of_a_repository(repo: Make) -> None:
    """The files for a text, an outline, definitions, uses and links."""
    index, tree = opened(repo(SHOP))
    assert [hit.path for hit in index.search(tree, "the total of the rows", 1)] == ["shop/cart.py"]
    assert [d.name for d in index.outline(tree, "shop/cart.py")] == ["total"]
    assert [d.path for d in index.definitions(tree, "total", 5)] == ["shop/cart.py"]
    assert index.references(tree, "total", 5) == [
        Mention("shop/main.py", 1, "from shop.cart import total"),
        Mention("shop/main.py", 3, "print(total([1]))"),
    ]
    assert index.links(tree, "shop/cart.py").imported_by == ("shop/main.py",)


def test_the_past_of_the_base_counts_for_each_tree(repo: Make) -> None:
    """A message that reads like the task leads to what its commit touched."""
    folder = repo({**SHOP, "x.py": "a = 1\n"})
    commit(folder, {"x.py": "a = 2\n"}, "Round invoices to cents")
    index, tree = opened(folder)
    (hit,) = index.search(tree, "invoices are not rounded", 5)
    assert hit.path == "x.py"
    assert "commits" in hit.why


def test_a_tree_that_no_commit_has_is_answered(repo: Make) -> None:
    """A step of a task is a tree before it is a commit."""
    folder = repo(SHOP)
    index, _ = opened(folder)
    (folder / "new.py").write_text("zebra = 1\n")
    git(folder, "add", "new.py")
    tree = git(folder, "write-tree").strip()
    assert [hit.path for hit in index.search(tree, "zebra", 5)] == ["new.py"]


# --- What a search finds -------------------------------------------------------------------------


@pytest.fixture
def ranked(repo: Make) -> Ranked:
    """The paths that a query finds, best first."""

    def look(files: dict[str, Content], query: str, limit: int = 9) -> list[str]:
        index, tree = opened(repo(files))
        return [hit.path for hit in index.search(tree, query, limit)]

    return look


def test_the_definition_comes_before_the_mention(ranked: Ranked) -> None:
    """Who defines a name is closer to a task about it than who uses it."""
    files: dict[str, Content] = {
        "a/uses.py": "text = other(parse_price)\nreturn(text)\n",
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
    """Binary files, links, secrets, and what is larger than a source file ever is."""
    files: dict[str, Content] = {
        "a.bin": b"zebra\0",
        "zebra.bin": b"zebra\0",
        "link": Entry(symlink_to="/zebra"),
        "large.txt": "zebra\n" * (LARGEST // 6 + 1),
        ".env": "ZEBRA=1\n",
        "a.py": "zebra\n",
    }
    assert ranked(files, "zebra") == ["a.py"]


@pytest.mark.parametrize("query", ["", "the and of", "\x00\x1b", "?!", "日本語", "\udcff"])
def test_a_query_without_words_finds_nothing(ranked: Ranked, query: str) -> None:
    """It is no error either."""
    assert ranked({"a.py": "zebra\n"}, query) == []


@pytest.mark.parametrize("query", ["größe", "Größe", "цена", "漢字", "naïve"])
def test_words_of_any_script_are_found(ranked: Ranked, query: str) -> None:
    """In UTF-8 and, where it is none, in Latin-1."""
    files: dict[str, Content] = {
        "a.py": "größe = цена + 漢字\n",
        "b.py": "gr\xf6\xdfe = na\xefve\n".encode("latin-1"),
        "c.py": "cart = 1\n",
    }
    assert ranked(files, query)
    assert "c.py" not in ranked(files, query)


def test_paths_of_any_bytes_are_found(ranked: Ranked) -> None:
    """By what they hold, and named as Python names them."""
    name = os.fsdecode(b"caf\xe9.py")
    files: dict[str, Content] = {name: "zebra\n", "new\nline.py": "zebra\n", "größe.py": "zebra\n"}
    assert set(ranked(files, "zebra")) == set(files)


def test_the_limit_is_kept_and_ties_are_in_order(ranked: Ranked) -> None:
    """The same question has the same answer."""
    files: dict[str, Content] = {f"f{n}.py": "zebra\n" for n in (3, 1, 2)}
    assert ranked(files, "zebra", 2) == ["f1.py", "f2.py"]


def test_spans_show_where_the_words_stand(repo: Make) -> None:
    """1-based, inclusive, in order and apart."""
    lines = [f"value_{n} = {n}\n" for n in range(400)]
    lines[99] = lines[299] = "zebra = 1\n"
    index, tree = opened(repo({"a.py": "".join(lines)}))
    (hit,) = index.search(tree, "zebra", 5)
    assert len(hit.spans) == 2
    assert all(s.start <= n <= s.end for s, n in zip(hit.spans, (100, 300), strict=True))
    assert hit.spans[0].end < hit.spans[1].start


def test_the_samples_task_finds_the_file_with_the_mistake(tmp_path: Path) -> None:
    """Among the first few, so that the smallest model is shown it."""
    index, tree = opened(sample(tmp_path / "r"))
    hits = index.search(tree, SAMPLE_TASK, 10)
    assert "daybook/intervals.py" in [hit.path for hit in hits][:6]


def test_five_hundred_files_are_searched_in_a_blink(tmp_path: Path) -> None:
    """Once they are read, which is done once for all that is asked."""
    index, tree = opened(big(tmp_path / "r", 500))
    assert index.search(tree, "module 3", 1)
    began = time.process_time()
    assert index.search(tree, "Make the parser of module 17 faster", 20)
    assert time.process_time() - began < 0.5
