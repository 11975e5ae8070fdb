"""The tree of text says all that is drawn, in as many columns as there are."""

from __future__ import annotations

import pytest

from gitagent.domain.code import Definition, Links
from gitagent.domain.context import Span
from gitagent.graph.around import Graph, around
from gitagent.graph.labels import width
from gitagent.graph.tree import tree

LONG = "a/very/long/way/down/to/the/module_that_has_it.py"
DEFINES = (
    Definition("a.py", "LIMIT", "constant", Span(1, 1), "LIMIT = 1"),
    Definition("a.py", "Cart", "class", Span(3, 30), "class Cart:"),
    Definition("a.py", "add", "method", Span(4, 9), "def add(self):", "Cart"),
)
USED = tuple(Definition(LONG, f"name_{n}", "function", Span(n, n), "def …") for n in range(1, 10))
LINKS = {
    "a.py": Links("a.py", DEFINES, (LONG, "b.py"), ("main.py",), USED, ("main.py",)),
    "b.py": Links("b.py", imports=("c.py",)),
    "main.py": Links("main.py", imported_by=("top.py",)),
}


def drawn(depth: int = 1, most: int = 20) -> Graph:
    return around(lambda path: LINKS.get(path, Links(path)), "a.py", depth=depth, most=most)


def lines(graph: Graph, *, most: int = 12, columns: int | None = None) -> list[str]:
    return [row.line for row in tree(graph, most=most, columns=columns)]


def test_a_tree_names_all_that_a_file_touches() -> None:
    """What it defines, what it needs and how, and who needs it."""
    assert lines(drawn()) == [
        "a.py",
        "├─ defines 3",
        "│  ├─ LIMIT  constant, line 1",
        "│  └─ Cart   class, lines 3-30, 1 inside",
        "├─ needs 2 files",
        f"│  ├─ {LONG}  imported; uses name_1, name_2, name_3, name_4, name_5, name_6, +3",
        f"│  └─ b.py{' ' * (len(LONG) - 2)}imported",
        "└─ is needed by 1 file",
        "   └─ main.py  imports it; uses what it defines",
    ]


def test_further_files_stand_below_those_that_lead_to_them() -> None:
    """On both sides."""
    found = [line.strip("│├└─ ") for line in lines(drawn(depth=2))]
    assert [line.split()[0] for line in found[found.index("needs 2 files") :]] == [
        "needs",
        LONG,
        "b.py",
        "c.py",
        "is",
        "main.py",
        "top.py",
    ]


def test_what_is_left_out_is_counted() -> None:
    """Files and definitions."""
    found = "\n".join(lines(drawn(most=1), most=1))
    assert "needs 2 files" in found
    assert found.count("… and 1 more") == 2
    assert "LIMIT" not in found


@pytest.mark.parametrize("columns", [30, 40, 60, 100])
def test_no_line_is_wider_than_the_terminal(columns: int) -> None:
    """A path keeps its end, which says most, and goes before what is said of it."""
    found = lines(drawn(depth=2), columns=columns)
    assert max(map(width, found)) <= columns
    assert any("that_has_it.py" in line for line in found)


def test_wide_characters_take_two_columns() -> None:
    """As terminals draw them."""
    graph = around(lambda path: Links(path, imports=("文書/" * 20 + "読.py",)), "a.py")
    assert max(map(width, lines(graph, columns=40))) <= 40


def test_names_cannot_act_on_a_terminal() -> None:
    """Control characters, line ends and marks that turn the direction are shown as escapes."""
    bad = "x\x1b[31m\n\u202e\u200f\udcff.py"
    (line, *_) = lines(around(Links, bad))
    assert line == "x\\x1b[31m\\n\\u202e\\u200f\\udcff.py"
