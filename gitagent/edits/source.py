"""Python as definitions with their lines: what a model is shown of a file, and what it sends back.

It is read by Python's own parser, so where a definition begins and ends is not guessed; a text that
does not parse has no source. Lines are kept as they are, so that whoever puts some of them in other
places changes no byte of the rest.
"""

from __future__ import annotations

import ast
import copy
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Source:
    """A text with LF line ends, and its statements."""

    path: str
    lines: tuple[str, ...]
    body: tuple[ast.stmt, ...]

    def text(self, node: ast.stmt) -> str:
        """The lines of a statement, decorators included."""
        return "".join(self.lines[first_line(node) - 1 : node.end_lineno])

    def indent(self, node: ast.stmt) -> str:
        line = self.lines[node.lineno - 1]
        return line[: len(line) - len(line.lstrip())]

    def last_line(self, node: ast.stmt) -> int:
        """The last line of a statement, 1-based, with the comments below that are in its block."""
        end = node.end_lineno or node.lineno
        inside = len(self.indent(node))
        for n, line in enumerate(self.lines[end:], end + 1):
            deep = len(line) - len(line.lstrip())
            if line.strip() and not (line.lstrip().startswith("#") and deep > inside):
                break
            end = n if line.strip() else end
        return end

    def classes(self) -> Iterator[ast.ClassDef]:
        return (node for node in self.body if isinstance(node, ast.ClassDef))


def parsed(path: str, text: str) -> Source | None:
    """The source of a text; None where it is no Python, or lines end in a lone CR."""
    plain = text.replace("\r\n", "\n")
    if "\r" in plain:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(plain)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    # only "\n" ends a line for the parser; splitlines knows more
    lines = [f"{line}\n" for line in plain.split("\n")]
    if plain.endswith("\n") or not plain:
        lines.pop()
    else:
        lines[-1] = lines[-1][:-1]
    return Source(path, tuple(lines), tuple(tree.body))


def first_line(node: ast.stmt) -> int:
    """The first line of a statement, 1-based, with its decorators."""
    decorators = node.decorator_list if isinstance(node, DEFINITIONS) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def name_of(node: ast.stmt) -> str:
    """The one name that a statement defines; empty where it is none or several."""
    if isinstance(node, DEFINITIONS):
        return node.name
    targets: Sequence[ast.expr] = ()
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else ""


def names_of(body: Sequence[ast.stmt]) -> list[str]:
    return [name for node in body if (name := name_of(node))]


def imported(node: ast.stmt) -> list[str]:
    """The names that a statement, or one inside it, binds by importing."""
    found = (each for each in ast.walk(node) if isinstance(each, IMPORTS))
    return [(a.asname or a.name).partition(".")[0] for each in found for a in each.names]


def decorators(node: ast.stmt) -> list[str]:
    found = node.decorator_list if isinstance(node, DEFINITIONS) else []
    return [ast.unparse(each) for each in found]


def is_method(node: ast.stmt) -> bool:
    """Whether the first argument says that a function belongs into a class."""
    if not isinstance(node, FUNCTIONS):
        return False
    arguments = [*node.args.posonlyargs, *node.args.args]
    return bool(arguments) and arguments[0].arg in ("self", "cls")


def is_string(node: ast.stmt) -> bool:
    """Whether a statement is but a constant: a docstring, or three dots."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def is_main_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).startswith("__name__ ==")


def indented(block: Source, node: ast.stmt, indent: str) -> str | None:
    """The text of a statement with another indentation; None where it would mean something else.

    A string over several lines would, unless it is a docstring.
    """
    own, text = block.indent(node), block.text(node)
    if own == indent:
        return text
    moved = textwrap.indent(textwrap.dedent(text), indent)
    wrapped = parsed("", f"class _:\n{moved}" if indent else moved)
    if wrapped is None:
        return None
    owner = wrapped.body[0]
    (after,) = owner.body if indent and isinstance(owner, ast.ClassDef) else (owner,)
    return moved if meaning(after) == meaning(node) else None


def meaning(node: ast.stmt) -> str:
    """A statement without its layout, and without the docstrings in it: two that say the same
    code are equal."""
    bare = copy.deepcopy(node)
    for inner in ast.walk(bare):
        if isinstance(inner, DEFINITIONS) and is_string(inner.body[0]):
            inner.body = inner.body[1:]
    return ast.dump(bare)
