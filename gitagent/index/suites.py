"""Reads off a file's syntax which tests are in it, and what could keep them from telling the truth.

What a grammar's nodes mean stands in `queries/NAME/tests.scm`: `@case` and `@group` with their
`@name`, `@assert`, `@later` for what is not done at import, `@inline` for tests within a source
file, and the kinds of a mark. A capture that begins with `_` is there for a condition only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module, resources
from typing import TYPE_CHECKING, get_args

from gitagent.domain.suite import Case, Inline, Mark, MarkKind, Suite
from gitagent.index.languages import Language, language_of, named
from gitagent.index.syntax import WATCHED_FROM, cursor, parse, shattered

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Query

LARGEST = 1_000_000
LONGEST_TEXT = 20_000
LONGEST_MARK = 100

_KINDS: tuple[MarkKind, ...] = get_args(MarkKind)
_SPACE = re.compile(r"\s+")
_ONE = r"(?:True|true|1|not False|!false|!0)"
_VACUOUS = re.compile(
    rf"assert\s*\(?\s*{_ONE}\s*\)?\s*(?:,.*)?"
    rf"|[\w.!]*(?:assert|refute|ok|True|true|Truthy|truthy)!?\s*[( ]\s*{_ONE}\s*(?:,[^,]*)?\)?"
    r"|assert\s+(?P<a>[\w.'\"]+)\s*==\s*(?P=a)"
    r"|[\w.:!]*[( ]\s*(?P<b>[\w.'\"]+)\s*,\s*(?P=b)\s*(?:,[^,]*)?\)?"
    rf"|expect\(\s*{_ONE}\s*\)"
    r"|expect\(\s*(?P<c>[\w.'\"]+)\s*\)\.\w+\(\s*(?P=c)?\s*\)"
)
_ENDS_WELL = re.compile(r"\w[\w.:?]*\s*(?:\(\s*(?:0|True|None|EXIT_SUCCESS)?\s*\)|=\s*0|)")
_STATUS = re.compile(r"\(\s*(?P<status>-?\d+)\s*\)$|=\s*(?P<set>-?\d+)$")


@dataclass(frozen=True)
class _Place:
    """A node by its bytes, with the name that it gives to what stands in it."""

    start: int
    end: int
    line: int
    name: str = ""
    text: str = ""


def read_suite(path: str, data: bytes) -> Suite:
    """What a file says; nothing where its language is not known or its syntax is beyond reading."""
    tools = _tools(language_of(path))
    if tools is None or len(data) > LARGEST:
        return Suite()
    parser, query = tools
    tree = parse(parser, data)
    if tree is None or (len(data) > WATCHED_FROM and shattered(tree.root_node)):
        return Suite()
    return _Reading.of(query, tree.root_node, data).suite()


@dataclass(frozen=True)
class _Reading:
    """Every place that a query finds, by its kind and in order."""

    found: dict[str, list[_Place]]
    begins: Sequence[int]

    @classmethod
    def of(cls, query: Query, root: Node, data: bytes) -> _Reading:
        found: dict[str, dict[tuple[int, int], _Place]] = {}
        for _, nodes in cursor(query).matches(root):
            kind = next((key for key in nodes if key[0] != "_" and key != "name"), None)
            if kind is None:
                continue
            node = _outermost(nodes[kind][0]) if kind in ("case", "inline") else nodes[kind][0]
            name = _text(data, nodes["name"][0]).strip("\"'`") if "name" in nodes else ""
            place = _place(data, node, nodes.get("name", [node])[0], name)
            found.setdefault(kind, {}).setdefault((place.start, place.end), place)
        ordered = {
            kind: sorted(places.values(), key=lambda p: (p.start, -p.end))
            for kind, places in found.items()
        }
        return cls(ordered, [place.start for place in ordered.get("case", ())])

    def suite(self) -> Suite:
        cases = tuple(self._cases())
        inline = (Inline(p.name, p.start, p.end) for p in _outer(self.found.get("inline", ())))
        return Suite(cases, tuple(self._marks()), tuple(inline))

    def _cases(self) -> Iterator[Case]:
        asserts = [p for p in self.found.get("assert", ()) if not _VACUOUS.fullmatch(p.text)]
        for place in self.found.get("case", ()):
            inside = sum(place.start <= each.start < place.end for each in asserts)
            yield Case(self._full(place), place.line, inside, place.text)

    def _full(self, place: _Place) -> str:
        groups = self.found.get("group", ())
        around = [g.name for g in groups if g.start <= place.start and place.end <= g.end]
        return ".".join([*around, place.name])

    def _marks(self) -> Iterator[Mark]:
        for kind in _KINDS:
            for place in _outer(self.found.get(kind, ())):
                if kind in ("exit", "leave") and not _ends_well(kind, place.text):
                    continue
                later = _around(place, self.found.get("later", ()))
                inside = next((each.name for each in reversed(later) if each.name), "")
                text = place.text[:LONGEST_MARK]
                yield Mark(kind, text, place.line, self._case_of(place), inside, not later)

    def _case_of(self, place: _Place) -> str:
        """The test that a place is in, or the one that it stands directly in front of."""
        for case in self.found.get("case", ()):
            if case.start <= place.start < case.end:
                return self._full(case)
        return ""


def _ends_well(kind: MarkKind, text: str) -> bool:
    """Whether what ends the process may call that a success.

    A script that leaves with whatever its function gives is how scripts are written; one that ends
    the process behind everybody's back with a status that we cannot see is not.
    """
    if kind == "leave" or _ENDS_WELL.fullmatch(text):
        return _ENDS_WELL.fullmatch(text) is not None
    status = _STATUS.search(text)
    return status is None or int(status["status"] or status["set"]) == 0


def _outer(places: Iterable[_Place]) -> Iterator[_Place]:
    """Those that do not stand in another one of the same kind."""
    end = -1
    for place in places:
        if place.start >= end:
            end = place.end
            yield place


def _around(place: _Place, others: Sequence[_Place]) -> list[_Place]:
    return [each for each in others if each.start <= place.start and place.end <= each.end]


def _outermost(node: Node) -> Node:
    """With the decorators around a function; attributes and tags in front are seen by `_place`."""
    parent = node.parent
    return parent if parent is not None and parent.type == "decorated_definition" else node


def _place(data: bytes, node: Node, shown: Node, name: str) -> _Place:
    start, line = node.start_byte, shown.start_point[0]
    before = node.prev_named_sibling
    while name and before is not None and _leads(data, before):
        start = before.start_byte
        before = before.prev_named_sibling
    return _Place(start, node.end_byte, line + 1, name, _squeezed(data[start : node.end_byte]))


def _leads(data: bytes, node: Node) -> bool:
    """Whether a node says something of the one behind it: Rust's attributes, Elixir's tags."""
    if node.type == "attribute_item":
        return True
    return node.type == "unary_operator" and _text(data, node).startswith(("@tag", "@describetag"))


def _squeezed(text: bytes) -> str:
    return _SPACE.sub(" ", text[:LONGEST_TEXT].decode(errors="replace")).strip()


def _text(data: bytes, node: Node) -> str:
    return data[node.start_byte : node.end_byte].decode(errors="replace")


@cache
def _tools(name: str) -> tuple[Parser, Query] | None:
    language = named(name)
    if language is None or language.grammar is None:
        return None
    text = _query(language)
    if not text:
        return None
    import tree_sitter

    module, function = language.grammar
    grammar = tree_sitter.Language(getattr(import_module(module), function)())
    return tree_sitter.Parser(grammar), tree_sitter.Query(grammar, text)


def _query(language: Language) -> str:
    folder = resources.files("gitagent.index.languages").joinpath("queries", language.queries[0])
    file = folder.joinpath("tests.scm")
    return file.read_text() if file.is_file() else ""
