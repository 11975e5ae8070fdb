"""Whether a file is still to be written: its functions have names and nothing in them.

Where that is so, the tests that fail say nothing of what is wrong, and everything of what is
wanted.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from gitagent.edits.source import FUNCTIONS, Function, is_string, parsed

SHARE = 0.5
"""Of a file's functions, those that are empty in a file that is still to be written."""
LONGEST = 200
"""Lines of a file in another language than Python, of which only marks are known."""
MARKS = re.compile(
    r"\btodo!\s*\(|\bunimplemented!\s*\("
    r"|\bpanic!?\s*\(\s*\"(?:please implement|not implemented|todo)"
    r"|throw new Error\s*\(\s*['\"`](?:remove this|not implemented|todo|please implement)"
    r"|\braise\s*\(?\s*\"(?:not implemented|todo)|NotImplemented",
    re.IGNORECASE,
)


def is_stub(path: str, text: str) -> bool:
    """Whether most of what a file defines is empty."""
    if not path.endswith((".py", ".pyi")):
        return text.count("\n") <= LONGEST and bool(MARKS.search(text))
    source = parsed(path, text)
    if source is None:
        return False
    found = list(_functions(source.body))
    if not found:
        return all(is_string(node) or isinstance(node, ast.Pass) for node in source.body)
    return sum(map(_is_empty, found)) >= SHARE * len(found)


def top_names(path: str, text: str) -> list[str]:
    """What stands at the top of a Python file: its functions and classes, in order."""
    source = parsed(path, text)
    kinds = (*FUNCTIONS, ast.ClassDef)
    return [node.name for node in source.body if isinstance(node, kinds)] if source else []


def _functions(body: Sequence[ast.stmt]) -> Iterator[Function]:
    for node in body:
        if isinstance(node, FUNCTIONS):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body)


def _is_empty(function: Function) -> bool:
    return all(map(_says_nothing, function.body))


def _says_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Raise):
        return "NotImplemented" in ast.unparse(node)
    if isinstance(node, ast.Return):
        return node.value is None or ast.unparse(node.value) == "None"
    return isinstance(node, ast.Pass) or is_string(node)
