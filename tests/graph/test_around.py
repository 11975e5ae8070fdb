"""Around a file stand the most important of its neighbours; the rest is counted."""

from __future__ import annotations

from gitagent.domain.code import Definition, Links
from gitagent.domain.context import Span
from gitagent.graph.around import NEEDED_BY, NEEDS, Edge, Graph, Node, Rest, around


def definition(path: str, name: str) -> Definition:
    return Definition(path, name, "function", Span(1, 2), f"def {name}():")


A = Links(
    "a.py",
    (definition("a.py", "run"),),
    ("b.py", "c.py"),
    ("main.py", "tests/test_a.py"),
    (definition("c.py", "open_it"), definition("d.py", "close_it")),
    ("main.py", "e.py"),
)
LINKS = {
    "a.py": A,
    "b.py": Links("b.py", imports=("deep.py", "c.py"), imported_by=("a.py",)),
    "c.py": Links("c.py", imports=("a.py",), imported_by=("a.py", "b.py")),
    "main.py": Links("main.py", imports=("a.py",), imported_by=("setup.py",)),
}


def draw(**options: int) -> Graph:
    return around(lambda path: LINKS.get(path, Links(path)), "a.py", **options)


def test_the_file_stands_between_what_it_needs_and_what_needs_it() -> None:
    """Distances are above 0 on one side and below on the other."""
    graph = draw()
    assert graph.nodes[0] == Node("a.py", 0)
    assert {n.path for n in graph.nodes if n.distance == 1} == {"b.py", "c.py", "d.py"}
    assert {n.path for n in graph.nodes if n.distance == -1} == {
        "main.py",
        "tests/test_a.py",
        "e.py",
    }


def test_an_edge_says_how_one_needs_the_other() -> None:
    """Imported, used, or both, and by which names where they are known."""
    graph = draw()
    assert Edge("a.py", "c.py", imports=True, uses=True, names=("open_it",)) in graph.edges
    assert Edge("a.py", "d.py", imports=False, uses=True, names=("close_it",)) in graph.edges
    assert Edge("main.py", "a.py", imports=True, uses=True) in graph.edges


def test_the_most_important_come_first_and_the_rest_is_counted() -> None:
    """Both ways of needing before one, code before tests."""
    assert [e.target for e in draw().neighbours("a.py", NEEDS)] == ["c.py", "d.py", "b.py"]
    assert [e.source for e in draw().neighbours("a.py", NEEDED_BY)] == [
        "main.py",
        "e.py",
        "tests/test_a.py",
    ]
    few = draw(most=1)
    assert [n.path for n in few.nodes] == ["a.py", "c.py", "main.py"]
    assert few.left_out == (Rest("a.py", NEEDS, 2), Rest("a.py", NEEDED_BY, 2))


def test_further_steps_lead_outward() -> None:
    """What the needed files need, and what needs those that need it; each file stands once."""
    graph = draw(depth=2)
    assert Node("deep.py", 2) in graph.nodes
    assert Node("setup.py", -2) in graph.nodes
    assert len({n.path for n in graph.nodes}) == len(graph.nodes)
    assert Edge("b.py", "c.py", imports=True, uses=False) in graph.edges
    assert Edge("c.py", "a.py", imports=True, uses=False) in graph.edges


def test_only_what_is_shown_is_asked_for() -> None:
    """And of that, not the outermost."""
    asked: list[str] = []

    def links(path: str) -> Links:
        asked.append(path)
        return LINKS.get(path, Links(path))

    around(links, "a.py", depth=1)
    assert asked == ["a.py"]


def test_a_file_without_links_stands_alone() -> None:
    """One that nothing is known of is no error."""
    assert around(Links, "x.txt") == Graph("x.txt", (), (Node("x.txt", 0),), (), ())
