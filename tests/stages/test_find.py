"""What is looked up for a question, and what is shown of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from fact_index import FactIndex

from gitagent.domain.ask import Place
from gitagent.domain.context import Span
from gitagent.edits.wants import read
from gitagent.git.repository import GitRepo
from gitagent.library import Library
from gitagent.redaction import Redactor
from gitagent.stages.find import MOST_LINES, Found, find
from gitagent.stages.view import View
from gitagent.testing.repositories import Content, Entry

KEY = "AKIA" + "Z7Q4M2X9K1P8R5T3"
SHOP: dict[str, Content] = {
    "shop/price.py": "class Price:\n    def rounded(self):\n        return round(self.cents)\n",
    "shop/till.py": "from shop.price import Price\n\n\ndef pay(it):\n    return it.rounded()\n",
    "lib/till.ex": "defmodule Till do\n  def pay(price) do\n    price\n  end\nend\n",
    "long.txt": "".join(f"line {n}\n" for n in range(1, 1001)),
    "keys.py": f'def key():\n    return "{KEY}"\n\n\nFOUND = key()\n',
    ".env": f"KEY={KEY}\n",
    "old/notes.py": "def pay():\n    pass\n",
    "logo.png": b"\0\1",
    "away": Entry(symlink_to="/etc/passwd"),
}

Look = Callable[[str], Found]


@pytest.fixture
def look(repo: Callable[..., Path]) -> Look:
    """Look something up in the shop, as a reply says it; `old/` is ignored."""
    real = GitRepo.open(repo(SHOP))
    tree = real.tree_of(real.resolve("HEAD"))
    veil = Redactor.of(os.environ).veil
    library = Library(real, tree, ["old/*"], lambda text: veil([text]).texts[0])
    view = View(real, FactIndex(real), tree, ["old/*"])

    def looked(said: str) -> Found:
        ((want,), _rest) = read(said)
        return find(view, library, want)

    looked.library = library  # type: ignore[attr-defined]
    return looked


def test_a_read_shows_lines_as_far_as_they_go(look: Look) -> None:
    """The whole file, some of it, or as many lines as are shown at a time."""
    assert look("READ: shop/till.py").places == (Place("shop/till.py", Span(1, 5)),)
    assert look("READ: price.py:2-99").places == (Place("shop/price.py", Span(2, 3)),)
    long = look("READ: long.txt")
    assert long.places == (Place("long.txt", Span(1, MOST_LINES)),)
    assert long.said == f"long.txt has 1000 lines, of which {MOST_LINES} are shown"
    assert look("READ: long.txt:5000-5001").said == "long.txt has 1000 lines."
    assert look("READ: long.txt:50").places == (Place("long.txt", Span(30, 70)),)
    assert look("READ: long.txt:1-2,9-10").places == (
        Place("long.txt", Span(1, 2)), Place("long.txt", Span(9, 10)),
    )  # fmt: skip
    assert look("READ: shop").text == "READ: shop → 2 entries\n  price.py\n  till.py"


@pytest.mark.parametrize("sort", ["READ", "SYMBOLS"])
@pytest.mark.parametrize(
    "place", [".env", "old/notes.py", "/etc/passwd", "../x.py", ".git/config", "lost/x.py"]
)
def test_what_must_not_be_shown_is_not_there(look: Look, sort: str, place: str) -> None:
    """Secrets, what is ignored and what is outside; by the path alone, whether it is there."""
    got = look(f"{sort}: {place}")
    assert (got.lines, got.places, got.seen) == ((), (), ())
    gone = look(f"{sort}: {place}".replace("notes.py", "lost.py"))
    assert got.said.replace("notes.py", "lost.py") == gone.said


@pytest.mark.parametrize(
    ("place", "said"),
    [("away", "symbolic link"), ("logo.png", "is no text"), ("price", "There is no file price")],
)
def test_what_has_no_lines_says_so(look: Look, place: str, said: str) -> None:
    """In a sentence, so that it is not asked for again."""
    got = look(f"READ: {place}")
    assert said in got.said
    assert got.places == ()


def test_symbols_are_those_of_a_file_or_of_a_name(look: Look) -> None:
    """In any language, with where each stands; what is short is shown whole."""
    outline = look("SYMBOLS: shop/price.py")
    assert outline.lines == (
        "shop/price.py:1-3: class Price:",
        "shop/price.py:2-3: Price: def rounded(self):",
    )
    named = look("SYMBOLS: pay")
    assert {line.split()[0] for line in named.lines} == {"shop/till.py:4-5:", "lib/till.ex:2-4:"}
    assert Place("lib/till.ex", Span(2, 4)) in named.places
    assert look("SYMBOLS: nobody").said == "Nothing is called nobody; a search finds text."


def test_references_are_lines(look: Look) -> None:
    """Each with its place, and seen; nothing more is shown for them."""
    got = look("REFERENCES: rounded")
    assert got.text == (
        "REFERENCES: rounded → 1 line uses it\n  shop/till.py:5: return it.rounded()"
    )
    assert (got.places, got.seen) == ((), (Place("shop/till.py", Span(5, 5)),))


def test_a_search_shows_the_best_and_names_the_others(look: Look) -> None:
    """And says so where nothing has the words."""
    got = look("SEARCH: rounded price")
    assert {place.path for place in got.places} >= {"shop/price.py", "shop/till.py"}
    assert look("SEARCH: zebra").said == "No file fits these words."
    assert not any(place.path.startswith("old/") for place in look("SEARCH: pay").places)


@pytest.mark.parametrize(
    "said", ["READ: keys.py", "SYMBOLS: key", "REFERENCES: key", "SEARCH: key"]
)
def test_no_secret_is_shown_by_any_of_them(look: Look, said: str) -> None:
    """Of a key in code its line is shown, with what stands in its place."""
    got = look(said)
    shown = look.library.numbered(got.places)  # type: ignore[attr-defined]
    assert KEY not in got.text + shown
    assert "keys.py" in got.text + shown
