"""Where a text cannot be read as its language, found before a gate is spent on it.

Whoever asks compares with the text before: a grammar does not know all of its language, and what it
could not read then says nothing now. Python is read by Python's own parser, too. It may be older
than the project's, so it has the last word on indentation only, to which the grammar is blind;
else both must object.
"""

from __future__ import annotations

import ast
import json
import re
import tomllib
import warnings
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from gitagent.domain.edit import Mistake
from gitagent.index.languages import Language, language_of, named

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

MOST = 3
"""Mistakes of one file that are told: the others mostly follow from the first."""
LARGEST, LARGEST_TOML = 1_000_000, 50_000
"""Bytes; reading a name of many parts in TOML takes quadratic time."""
QUOTED = 60
DATA = (".json", ".toml")
LONG = 8
"""Lines from which on an error says little by where it begins."""
WIDE = 500
LOOKED_AT = 5_000

OPENING = ("(", "[", "{", "${", "#{", "%w(", "%i(", "[[", "{|")
CLOSING = {")": "(", "]": "[", "}": "{", "]]": "[[", "|}": "{|"}
BRACKETS = frozenset((*OPENING, *CLOSING))
BLIND = re.compile(r"expected 'except' or 'finally' block")
"""What only Python's parser sees, and every Python says."""
WITH_COMMENTS = re.compile(r"(?:ts|js)config[\w.-]*\.json|.*\.(?:code-workspace|babelrc)")


class Grammars:
    """Implements ports.Syntax: the languages of the index, and JSON and TOML."""

    def knows(self, path: str) -> bool:
        language = named(language_of(path))
        return bool(language and language.grammar) or path.lower().endswith(DATA)

    def mistakes(self, path: str, data: bytes) -> tuple[Mistake, ...]:
        return mistakes(path, data)


def mistakes(path: str, data: bytes) -> tuple[Mistake, ...]:
    """The first few mistakes in a file; none where it can be read or nobody knows its language."""
    if len(data) > LARGEST or b"\0" in data:
        return ()
    name = path.rpartition("/")[2].lower()
    if name.endswith(".json"):
        return () if WITH_COMMENTS.fullmatch(name) else _of_json(data)
    if name.endswith(".toml"):
        return _of_toml(data) if len(data) <= LARGEST_TOML else ()
    language = named(language_of(path))
    if language is None or language.grammar is None:
        return ()
    if language.name == "python":
        return _of_python(language, data)
    return tuple(_of_tree(language, data))


def _of_json(data: bytes) -> tuple[Mistake, ...]:
    try:
        json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        commented = error.doc.startswith(("//", "/*"), error.pos)
        return () if commented else (Mistake(error.lineno, error.msg),)
    except (ValueError, RecursionError):
        return ()
    return ()


def _of_toml(data: bytes) -> tuple[Mistake, ...]:
    try:
        tomllib.loads(data.decode())
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)\Z", str(error))
        line = int(place[1]) if place and place[1] else data.count(b"\n") or 1
        return (Mistake(line, str(error)[: place.start()] if place else str(error)),)
    except (ValueError, RecursionError):
        return ()
    return ()


def _of_python(language: Language, data: bytes) -> tuple[Mistake, ...]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(data)
    except SyntaxError as error:
        sure = isinstance(error, IndentationError) or BLIND.search(error.msg)
        if not sure and not any(_of_tree(language, data)):
            return ()
        return (Mistake(max(error.lineno or 1, 1), error.msg),)
    except (ValueError, RecursionError, MemoryError):
        return ()
    return ()


def _of_tree(language: Language, data: bytes) -> Iterator[Mistake]:
    """What a syntax tree says: brackets that do not fit, else what is missing or cannot be read."""
    from gitagent.index.syntax import parse

    tree = parse(_parser(language), data)
    if tree is None or not tree.root_node.has_error:
        return
    brackets = _brackets(tree.root_node, data)
    found = brackets or list(_errors(tree.root_node, data, language.name))
    yield from found or [Mistake(1, f"this cannot be read as {language.name}")]


def _errors(root: Node, data: bytes, language: str) -> Iterator[Mistake]:
    """The outermost nodes that are errors; of a long one, those in it that say more."""
    told = looked = 0
    look = [root]
    while look and told < MOST and looked < LOOKED_AT:
        node = look.pop()
        looked += 1
        inner = [child for child in reversed(node.children) if child.has_error or child.is_error]
        wide = node.end_point[0] - node.start_point[0] >= LONG
        if node.is_missing:
            told += 1
            yield Mistake(_last_line(node, data), f"`{node.type}` is missing here")
        elif node.is_error and not (wide and inner):
            told += 1
            text = data[node.start_byte : node.end_byte].decode(errors="replace").strip()
            what = text.split("\n")[0][:QUOTED]
            yield Mistake(node.start_point[0] + 1, f"`{what}` cannot be read as {language} here")
        else:
            look += inner


def _last_line(node: Node, data: bytes) -> int:
    """The line behind which something is missing; the parser finds out on the next one."""
    before = data[: node.start_byte].rstrip()
    return before.count(b"\n") + 1


def _brackets(root: Node, data: bytes) -> list[Mistake]:
    """Brackets that were not closed or not opened; those in strings and comments are none."""
    opened: list[tuple[int, str]] = []
    for line, kind in _loose(root):
        if kind in OPENING:
            opened.append((line, kind))
            continue
        if not opened:
            return [Mistake(line, f"`{kind}` closes nothing")]
        first, opener = opened.pop()
        if not opener.endswith(CLOSING[kind]):
            if any(outer.endswith(CLOSING[kind]) for _, outer in opened):
                why = f"`{opener}` is never closed: the `{kind}` of line {line} closes another"
                return [Mistake(first, why)]
            return [Mistake(line, f"`{kind}` does not close the `{opener}` of line {first}")]
    if not opened:
        return []
    unclosed = [Mistake(line, f"`{kind}` is never closed") for line, kind in opened[:MOST]]
    return _crooked(root, data) or unclosed


def _crooked(root: Node, data: bytes) -> list[Mistake]:
    """The first bracket whose partner stands less deep than its line: that one is somebody else's,
    though a parser cannot know it."""
    look, looked = [root], 0
    while look and looked < LOOKED_AT:
        node = look.pop()
        looked += 1
        brackets = [n for n in node.children if n.type in BRACKETS and not n.is_missing]
        first, last = (brackets[0], brackets[-1]) if brackets else (node, node)
        if first.type in OPENING and last.type in CLOSING:
            at, begins = last.start_byte, first.start_byte
            if _leads(data, at) and _indent(data, at) < _indent(data, begins):
                line = last.start_point[0] + 1
                why = f"`{first.type}` is never closed: the `{last.type}` of line {line} stands"
                return [Mistake(first.start_point[0] + 1, f"{why} less deep")]
        look += [n for n in reversed(node.children) if n.child_count]
    return []


def _loose(root: Node) -> Iterator[tuple[int, str]]:
    """The brackets that stand there where something is wrong, in order: line and kind.

    In a node without an error each has its partner.
    """
    look, looked = [root], 0
    while look and looked < LOOKED_AT:
        node = look.pop()
        looked += 1
        if node.child_count:
            look += [n for n in reversed(node.children) if n.has_error or n.type in BRACKETS]
        elif node.type in BRACKETS and not node.is_missing:
            yield node.start_point[0] + 1, node.type


def _indent(data: bytes, at: int) -> int:
    """How deep the line around a byte is indented."""
    line = _before(data, at + 1)
    return len(line) - len(line.lstrip(b" \t"))


def _leads(data: bytes, at: int) -> bool:
    """Whether a byte is the first of its line that is no white space."""
    return not _before(data, at).strip()


def _before(data: bytes, at: int) -> bytes:
    """What of a line stands before a byte, of a long one the end."""
    start = max(at - WIDE, 0)
    return data[start:at].rpartition(b"\n")[2]


@cache
def _parser(language: Language) -> Parser:
    import tree_sitter

    assert language.grammar
    module, function = language.grammar
    return tree_sitter.Parser(tree_sitter.Language(getattr(import_module(module), function)()))
