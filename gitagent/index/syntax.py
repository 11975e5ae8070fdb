"""Reads definitions, uses and imports off a syntax tree, in work that the text's length bounds.

The bounds count the parser's steps and not seconds, so that facts do not depend on the machine or
on how busy it is. tree-sitter recovers from errors by search, and a query takes quadratic time
over a broken node with thousands of loose tokens in it: both are given up in good time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module, resources
from typing import TYPE_CHECKING

from gitagent.index.languages import Language
from gitagent.index.statements import imported

if TYPE_CHECKING:
    from tree_sitter import Node, Parser, Query, QueryCursor, Tree

    from gitagent.index.facts import Symbol

Captures = Mapping[str, Sequence["Node"]]

PIECE, WORD_PIECE = 64 * 1024, 64
LEAST_STEPS = 2_000
"""Of a hundred operations of the parser each; a thousand bytes of dense code take about 40."""
BYTES_A_STEP = 8
WATCHED_FROM = 16 * 1024
"""Bytes from which on errors are looked at; below, even quadratic work is soon done."""
LOOSE_TOKENS = 2_000
NODES_LOOKED_AT = 20_000
DEEPEST = 500
"""Levels of a tree that are looked at: each step of a query costs as much as it is deep."""
LONGEST_SIGNATURE = 240
LONGEST_LEAD = 60
"""Bytes of `export default`, `type` and the like, that stand before a definition on its line."""
LONGEST_NAME = 200

_LEAVES = ("constant", "field", "type", "macro")
_TYPES = ("class", "struct", "trait", "interface", "enum", "within")
_MACROS = (b"defmacro", b"defmacrop")
_SEPARATES = re.compile(rb"[;{}=]")
_CONSTANT = re.compile(rb"[A-Z][A-Z0-9_]+")
_ARGUMENTS = re.compile(r"<[^<>]*>(?=::)")
_SPACE = re.compile(rb"\s+")


@dataclass(frozen=True)
class Read:
    """What a syntax tree says: see `facts.Facts`."""

    defs: tuple[Symbol, ...]
    refs: dict[str, int]
    imports: tuple[str, ...]


@dataclass(frozen=True)
class _Found:
    """One match of a query for definitions, in bytes and rows from 0."""

    start: int
    stop: int
    row: int
    last: int
    kind: str
    name: str
    scope: str


@dataclass(frozen=True)
class _Tools:
    parser: Parser
    defs: Query
    uses: Query


def read(language: Language, text: bytes) -> Read | None:
    """The definitions, uses and imports of a text in UTF-8; None where reading it was given up."""
    tools = _tools(language)
    tree = parse(tools.parser, text)
    if tree is None or (len(text) > WATCHED_FROM and shattered(tree.root_node)):
        return None
    found, named_at = _definitions(tools.defs, tree.root_node, text)
    uses = _captures(tools.uses, tree.root_node)
    used = _counted(uses.pop("ref", ()), text, named_at)
    for name, count in _counted(uses.pop("maybe.constant", ()), text, named_at).items():
        if _CONSTANT.fullmatch(name):
            used[name] = max(used[name], count)
    written = {name: _in_order(nodes, text, named_at) for name, nodes in uses.items()}
    names, imports = imported(language.name, written)
    refs = Counter({_name(name): count for name, count in used.items()})
    refs.update(names)
    # the binding gives captures in an order of its own, another one each time
    kept = sorted(name for name in refs if len(name) > 1 and name not in language.own_words)
    symbols = _symbols(found, text, language.name)
    return Read(symbols, {name: refs[name] for name in kept}, imports)


def parse(parser: Parser, text: bytes) -> Tree | None:
    """The syntax tree of a text in UTF-8; None where making it takes too much work."""
    if len(text) <= WATCHED_FROM:
        return parser.parse(text)
    left = LEAST_STEPS + len(text) // BYTES_A_STEP
    piece = PIECE

    def read(at: int, _point: object) -> bytes:
        return text[at : at + piece]

    def spent(_offset: int, _error: bool) -> bool:
        nonlocal left
        left -= 1
        return left < 0

    try:
        tree = parser.parse(read, progress_callback=spent)
    except ValueError:
        parser.reset()
        return None
    # from now on it is asked for one word at a time, by the queries
    piece = WORD_PIECE
    return tree


def shattered(root: Node) -> bool:
    """Whether there is an error with so many loose tokens that no query should walk it."""
    look = [root] if root.has_error else []
    seen = 0
    while look:
        node = look.pop()
        if node.child_count - node.named_child_count > LOOSE_TOKENS and node.is_error:
            return True
        seen += node.child_count
        if seen > NODES_LOOKED_AT:
            return True
        look += [child for child in node.children if child.has_error and child.child_count]
    return False


def _definitions(query: Query, root: Node, text: bytes) -> tuple[list[_Found], set[int]]:
    """All definitions by their place, and where their names begin.

    One node may match twice; the pattern that stands first in the query says what it is.
    """
    found: dict[tuple[int, str], tuple[int, _Found]] = {}
    named_at: set[int] = set()
    for pattern, nodes in cursor(query).matches(root):
        name = _named(nodes)
        if name is None:
            continue
        kind = next(key for key in nodes if key not in ("name", "scope") and key[0] != "_")
        node = nodes[kind][0]
        if "_head" in nodes and _cut(text, nodes["_k"][0]) in _MACROS:
            kind = "macro"
        if kind != "within":
            named_at.add(name.start_byte)
        place = (name.start_byte, "" if kind != "within" else kind)
        if place not in found or pattern < found[place][0]:
            found[place] = (pattern, _one(kind, node, name, nodes, text))
    return sorted((one for _, one in found.values()), key=lambda f: (f.start, -f.stop)), named_at


def _named(nodes: Captures) -> Node | None:
    """The name in a match; where it is left to us, of `f`, `f(x)` or `f(x) when y`, or of none."""
    if "name" in nodes:
        return nodes["name"][0]
    if "_left" in nodes:
        return _called(nodes["_left"][0])
    head: Node | None = nodes["_head"][0]
    if head and head.type == "binary_operator":
        operator = head.child_by_field_name("operator")
        guarded = operator is not None and operator.type == "when"
        head = head.child_by_field_name("left") if guarded else None
    return _called(head)


def _called(node: Node | None) -> Node | None:
    if node and node.type == "call":
        node = node.child_by_field_name("target")
    return node if node and node.type == "identifier" else None


def _one(kind: str, node: Node, name: Node, nodes: Captures, text: bytes) -> _Found:
    scope = _name(_cut(text, nodes["scope"][0])) if "scope" in nodes else ""
    # a node that ends with the line's end ends, by its point, at the start of the next one
    last = node.end_point[0] - (node.end_point[1] == 0)
    first = node.start_point[0]
    called = _name(_cut(text, name))
    return _Found(node.start_byte, node.end_byte, first, max(first, last), kind, called, scope)


def _symbols(found: list[_Found], text: bytes, language: str) -> tuple[Symbol, ...]:
    from gitagent.index.facts import Symbol

    around: list[tuple[int, str, str]] = []
    symbols: list[Symbol] = []
    for one in found:
        while around and around[-1][0] < one.stop:
            around.pop()
        _, above, outer = around[-1] if around else (0, "", "")
        within, _, name = _joined(_dotted(one.scope), _dotted(one.name)).rpartition(".")
        scope = _joined(above, within)
        kind = _kind(one.kind, outer or ("struct" if one.scope else ""))
        if kind not in _LEAVES:
            around.append((one.stop, _joined(scope, name), kind))
        if kind == "within":
            continue
        symbol = Symbol(
            name, kind, one.row + 1, one.last + 1, _signature(text, one.start, one.stop), scope
        )
        if language == "elixir" and symbols and _another_clause(symbols[-1], symbol):
            symbols[-1] = replace(symbols[-1], end=symbol.end)
        else:
            symbols.append(symbol)
    return tuple(symbols)


def _kind(kind: str, outer: str) -> str:
    return "method" if kind == "function" and outer in _TYPES else kind


def _another_clause(before: Symbol, symbol: Symbol) -> bool:
    return (before.qualified, before.kind) == (symbol.qualified, symbol.kind)


def _joined(scope: str, name: str) -> str:
    return f"{scope}.{name}" if scope and name else scope or name


def _dotted(name: str) -> str:
    """`A::B<T>::c` as `A.B.c`."""
    if "::" not in name:
        return name
    return _ARGUMENTS.sub("", name).replace("::", ".").strip(".")


def _signature(text: bytes, start: int, stop: int) -> str:
    """The line that a definition begins with, and on until its brackets are closed."""
    begins = text.rfind(b"\n", 0, start) + 1
    if start - begins <= LONGEST_LEAD and not _SEPARATES.search(text, begins, start):
        start = begins
    near = text[start : min(stop, start + 2 * LONGEST_SIGNATURE)]
    lines = near.split(b"\n")
    taken = lines[0]
    for line in lines[1:]:
        if taken.count(b"(") + taken.count(b"[") <= taken.count(b")") + taken.count(b"]"):
            break
        taken += b" " + line
    return _SPACE.sub(b" ", taken).decode(errors="replace").strip()[:LONGEST_SIGNATURE]


def _captures(query: Query, root: Node) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = cursor(query).captures(root)
    return found


def cursor(query: Query) -> QueryCursor:
    from tree_sitter import QueryCursor

    made = QueryCursor(query)
    made.set_max_start_depth(DEEPEST)
    return made


def _counted(nodes: Sequence[Node], text: bytes, but: set[int]) -> Counter[bytes]:
    """How often each text stands there, but for nodes that begin at a byte of `but`."""
    return Counter(text[at : node.end_byte] for node in nodes if (at := node.start_byte) not in but)


def _in_order(nodes: Sequence[Node], text: bytes, but: set[int]) -> list[bytes]:
    places = sorted({(node.start_byte, node.end_byte) for node in nodes})
    return [text[start:end] for start, end in places if start not in but]


def _cut(text: bytes, node: Node) -> bytes:
    """The node's text; its own `text` would ask the parser's source for a piece, each time."""
    return text[node.start_byte : node.end_byte]


def _name(text: bytes) -> str:
    return text[:LONGEST_NAME].decode(errors="replace")


@cache
def _tools(language: Language) -> _Tools:
    import tree_sitter

    assert language.grammar
    module, function = language.grammar
    grammar = tree_sitter.Language(getattr(import_module(module), function)())
    return _Tools(
        tree_sitter.Parser(grammar),
        tree_sitter.Query(grammar, query_of(language, "defs")),
        tree_sitter.Query(grammar, query_of(language, "uses")),
    )


def query_of(language: Language, kind: str) -> str:
    folder = resources.files("gitagent.index.languages").joinpath("queries")
    return "\n".join(folder.joinpath(name, f"{kind}.scm").read_text() for name in language.queries)
