"""Long docstrings are left out of what a weak model reads, and stay where it leaves them out.

It would only write them again, slowly, and lose sight of the code below.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Sequence

from gitagent.domain.context import Span
from gitagent.edits.source import DEFINITIONS, FUNCTIONS, Source, parsed

LONGEST = 4


def shortened(source: Source, spans: Sequence[Span]) -> str:
    """The lines of some spans, each docstring over four lines with its first sentence only."""
    cut = {line: text for node in _documented(source.body) for line, text in _cut(source, node)}
    return "".join(
        cut.get(n, source.lines[n - 1])
        for span in spans
        for n in range(span.start, min(span.end, len(source.lines)) + 1)
    )


def kept(file: Source, old: ast.stmt, text: str) -> str:
    """The text of a function with the docstring that it had, where it has none or but the
    beginning of it."""
    was = _docstring(old)
    block = parsed("", textwrap.dedent(text))
    if was is None or block is None or not isinstance(node := block.body[0], FUNCTIONS):
        return text
    now = _docstring(node)
    first, last = node.body[0].lineno, (node.body[0].end_lineno or 0) if now else 0
    if first == node.lineno or (now and not _begins(_said(was), _said(now))):
        return text
    lines = text.split("\n")
    documented = file.text(was).rstrip("\n")
    if _depth(documented) != _depth(lines[first - 1]):
        return text
    return "\n".join([*lines[: first - 1], documented, *lines[last or first - 1 :]])


def _documented(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, DEFINITIONS):
            yield node
            yield from _documented(node.body)


def _docstring(node: ast.stmt) -> ast.Expr | None:
    first = node.body[0] if isinstance(node, DEFINITIONS) else None
    if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Constant):
        return None
    return first if isinstance(first.value.value, str) else None


def _cut(source: Source, node: ast.stmt) -> Iterator[tuple[int, str]]:
    """What stands in place of each line of a long docstring."""
    found = _docstring(node)
    if found is None or (found.end_lineno or 0) - found.lineno < LONGEST:
        return
    summary = _said(found).partition("\n\n")[0].replace("\n", " ")
    if not summary or '"' in summary or "\\" in summary:
        return
    yield found.lineno, f'{source.indent(found)}"""{summary}"""\n'
    for line in range(found.lineno + 1, (found.end_lineno or 0) + 1):
        yield line, ""


def _begins(was: str, now: str) -> bool:
    """Whether a docstring says no more than the first sentence of another."""
    return " ".join(was.split()).startswith(" ".join(now.split()))


def _said(docstring: ast.Expr) -> str:
    value = docstring.value
    text = value.value if isinstance(value, ast.Constant) else ""
    return inspect.cleandoc(text) if isinstance(text, str) else ""


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
