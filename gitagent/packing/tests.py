"""Tests as what they say of the code that is to be written, in as few characters as can be.

They are read for minutes by a model that runs on a processor: comments, empty lines and what frames
a test are left out, and of a long file some tests stand for the others.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from gitagent.edits.source import FUNCTIONS, Source, is_main_guard, parsed

FRAME = 60
"""Characters of the line of a class, and of the one that says what is left out."""
LEFT_OUT = "# … and {n} more tests"


def told(path: str, text: str, characters: int) -> str:
    """A test file within so many characters; empty where nothing of it fits."""
    source = parsed(path, text) if path.endswith(".py") else None
    return _python(source, characters) if source else _head(text, characters)


def _head(text: str, characters: int) -> str:
    """The first lines that fit."""
    if len(text) <= characters:
        return text
    return text[:characters].rpartition("\n")[0] + "\n"


def _python(source: Source, characters: int) -> str:
    tests = [node for body in _bodies(source) for node in body if _is_test(node)]
    kept: set[ast.stmt] = set()
    around = sum(len(part) + 1 for part in _parts(source.body, kept)) + FRAME
    left = characters - min(around, characters // 2)
    for test in _spread(tests):
        size = len(_indented(_bare(test))) + 1
        if size <= left:
            kept.add(test)
            left -= size
    if tests and not kept:
        return ""
    parts = list(_parts(source.body, kept))
    if len(kept) < len(tests):
        parts.append(LEFT_OUT.format(n=len(tests) - len(kept)))
    whole = "\n".join(parts) + "\n"
    # what stands around the tests may be too much of itself
    return whole if len(whole) <= 2 * characters else _head(whole, characters)


def _bodies(source: Source) -> Iterator[Sequence[ast.stmt]]:
    yield source.body
    yield from (owner.body for owner in source.classes())


def _is_test(node: ast.stmt) -> bool:
    return isinstance(node, FUNCTIONS) and node.name.startswith("test")


def _parts(body: Sequence[ast.stmt], kept: set[ast.stmt]) -> Iterator[str]:
    """The statements without those tests that are not kept; classes only where something is."""
    for node in body:
        if is_main_guard(node) or (_is_test(node) and node not in kept):
            continue
        if isinstance(node, ast.ClassDef) and any(map(_is_test, node.body)):
            inner = "\n".join(_parts(node.body, kept))
            if inner:
                bases = ", ".join(map(ast.unparse, node.bases))
                yield f"class {node.name}({bases}):\n{_indented(inner)}"
        else:
            yield _bare(node)


def _bare(node: ast.stmt) -> str:
    """A statement without comments, empty lines and its docstring."""
    if _is_test(node) and isinstance(node, FUNCTIONS) and ast.get_docstring(node):
        node.body = node.body[1:] or [ast.Pass()]
    return "\n".join(line for line in ast.unparse(node).splitlines() if line.strip())


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _spread(tests: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The first and the last, what lies in the middle between them, and so on: tests that stand
    side by side are often about the same."""
    given: set[int] = set()
    gaps = len(tests)
    while len(given) < len(tests):
        gaps = max(1, gaps // 2)
        for n in (*range(0, len(tests), gaps), len(tests) - 1):
            if n not in given:
                given.add(n)
                yield tests[n]
