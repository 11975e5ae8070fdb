"""A block that is no file but definitions of one: the functions and classes that change.

Small models are asked for whole files and write the one function that changes. Where each name in
the block is defined at exactly one place of one known file, that is as clear as a path: the block
becomes replacements of these definitions. Python only; it is read by Python's own parser.
"""

from __future__ import annotations

import ast
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitagent.domain.edit import Edit, Replace

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Import = ast.Import | ast.ImportFrom
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Source:
    """A text and its statements."""

    path: str
    lines: tuple[str, ...]
    body: tuple[ast.stmt, ...]

    def text(self, node: ast.stmt) -> str:
        """The lines of a statement, decorators included."""
        return "".join(self.lines[_first(node) - 1 : node.end_lineno])


def replacements(block: str, known: Mapping[str, str]) -> list[Edit]:
    """The edits that put a block's definitions into the one known file that has them.

    Empty where the block is anything else, or where a name has two places.
    """
    source = _parsed("", textwrap.dedent(block))
    if source is None or not _only_definitions(source):
        return []
    files = [file for path, text in known.items() if (file := _parsed(path, text))]
    homes = [file for file in files if _shared(source, file)]
    return _into(homes[0], source) if len(homes) == 1 else []


def is_part(text: str, whole: str) -> bool:
    """Whether a block under a file's path is but some definitions of that file.

    A whole file that drops definitions on purpose still begins as the file does.
    """
    block, file = _parsed("", text), _parsed("", whole)
    if block is None or file is None or not _only_definitions(block):
        return False
    if block.lines[0].strip() == file.lines[0].strip():
        return False
    return bool(set(_names(file)) - set(_names(block)))


def _into(file: Source, block: Source) -> list[Edit]:
    """Replacements in the order of the file; what is new goes before the first of them."""
    edits: list[Edit] = []
    present, waiting = _names(file), ""
    methods = _methods(file)
    for node in block.body:
        text = block.text(node)
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Expr)):
            continue
        name = _name(node)
        if name not in present and name in methods:
            old = methods[name]
            edits.append(_swap(file, old, textwrap.indent(text, " " * old.col_offset)))
        elif name not in present:
            waiting += text.rstrip("\n") + "\n\n\n"
        elif isinstance(node, ast.ClassDef) and isinstance(present[name], ast.ClassDef):
            edits += _class(file, present[name], block, node)
        elif file.text(present[name]) != text:
            edits.append(_swap(file, present[name], text))
    if waiting and edits and isinstance(edits[0], Replace):
        first = edits[0]
        edits[0] = Replace(first.path, first.search, waiting + first.replace, first.line)
    return [*_imports(file, block), *edits]


def _class(file: Source, old: ast.stmt, block: Source, new: ast.ClassDef) -> list[Edit]:
    """The whole class where the block has all of its methods, else the methods that it has."""
    assert isinstance(old, ast.ClassDef)
    had = {_name(node): node for node in old.body if isinstance(node, DEFINITIONS)}
    has = {_name(node): node for node in new.body if isinstance(node, DEFINITIONS)}
    if set(had) <= set(has):
        return [_swap(file, old, block.text(new))]
    shared = [name for name in has if name in had]
    added = "".join("\n" + block.text(has[name]) for name in has if name not in had)
    swaps = [(had[name], block.text(has[name])) for name in shared]
    if swaps and added:
        swaps[-1] = (swaps[-1][0], swaps[-1][1].rstrip("\n") + "\n" + added)
    return [_swap(file, node, text) for node, text in swaps if file.text(node) != text]


def _imports(file: Source, block: Source) -> Iterator[Edit]:
    """What the block imports and the file does not, beside the file's first import."""
    own = {ast.unparse(node) for node in file.body if isinstance(node, Import)}
    new = [
        ast.unparse(node)
        for node in block.body
        if isinstance(node, Import) and ast.unparse(node) not in own
    ]
    anchors: list[ast.stmt] = [node for node in file.body if isinstance(node, Import)]
    anchors = anchors or [node for node in file.body if not isinstance(node, ast.Expr)]
    future = "from __future__"
    lines = "".join(f"{line}\n" for line in new if not line.startswith(future))
    if lines and anchors:
        anchor = next((a for a in anchors if not ast.unparse(a).startswith(future)), anchors[-1])
        after = ast.unparse(anchor).startswith(future)
        text = file.text(anchor)
        yield _swap(file, anchor, text + lines if after else lines + text)


def _swap(file: Source, old: ast.stmt, text: str) -> Replace:
    return Replace(file.path, file.text(old), text.rstrip("\n") + "\n", _first(old))


def _shared(block: Source, file: Source) -> bool:
    """Whether a file defines a function or class of the block, at one place."""
    names = set(_names(file)) | set(_methods(file))
    return any(_name(node) in names for node in block.body if isinstance(node, DEFINITIONS))


def _names(source: Source) -> dict[str, ast.stmt]:
    return {name: node for node in source.body if (name := _name(node))}


def _methods(source: Source) -> dict[str, Definition]:
    """Methods by name, those that only one class has."""
    found: dict[str, list[Definition]] = {}
    for node in source.body:
        for method in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(method, DEFINITIONS):
                found.setdefault(method.name, []).append(method)
    return {name: nodes[0] for name, nodes in found.items() if len(nodes) == 1}


def _name(node: ast.stmt) -> str:
    if isinstance(node, DEFINITIONS):
        return node.name
    targets: Sequence[ast.expr] = ()
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else ""


def _only_definitions(source: Source) -> bool:
    """Definitions, named values and imports, with at least one function or class."""
    allowed = (*DEFINITIONS, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    return any(isinstance(node, DEFINITIONS) for node in source.body) and all(
        isinstance(node, allowed) or _is_docstring(node) for node in source.body
    )


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _first(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, DEFINITIONS) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _parsed(path: str, text: str) -> Source | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lines = text if text.endswith("\n") or not text else text + "\n"
    return Source(path, tuple(lines.splitlines(keepends=True)), tuple(tree.body))
