"""A block that is no file but definitions of one: the functions and classes that change.

Small models are asked for a file and write the one function that changes. Where each definition of
the block has exactly one place in one known file, that is as clear as a path: the file is written
with these definitions in their places and everything else as it was. Where anything is in doubt,
nothing is done. Python only; it is read by Python's own parser.
"""

from __future__ import annotations

import ast
import textwrap
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from gitagent.domain.edit import Edit, Replace

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
DEFINITIONS = (*FUNCTIONS, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)


class Doubt(Exception):
    """The block could mean more than one thing."""


@dataclass(frozen=True)
class Source:
    """A text with LF line ends, and its statements."""

    path: str
    lines: tuple[str, ...]
    body: tuple[ast.stmt, ...]

    def text(self, node: ast.stmt) -> str:
        """The lines of a statement, decorators included."""
        return "".join(self.lines[_first(node) - 1 : node.end_lineno])

    def indent(self, node: ast.stmt) -> str:
        line = self.lines[node.lineno - 1]
        return line[: len(line) - len(line.lstrip())]


@dataclass
class Splice:
    """New lines in place of the lines `start` to `end` (1-based; end < start only inserts)."""

    start: int
    end: int
    text: str


@dataclass
class Plan:
    """What is to be done to one file: splices, and what is new and goes before the first."""

    file: Source
    splices: list[Splice] = field(default_factory=list)
    new: list[str] = field(default_factory=list)

    def swap(self, old: ast.stmt, text: str) -> None:
        if self.file.text(old).rstrip() != text.rstrip():
            self.splices.append(Splice(_first(old), old.end_lineno or 0, text.rstrip("\n") + "\n"))

    def insert(self, after: ast.stmt, text: str) -> None:
        line = (after.end_lineno or 0) + 1
        self.splices.append(Splice(line, line - 1, text))


def replacements(block: str, known: Mapping[str, str]) -> list[Edit]:
    """The edit that puts a block's definitions into the one known file that has them.

    Empty where the block is anything else, or where something has two places or none.
    """
    source = _parsed("", textwrap.dedent(block))
    if source is None or not _only_definitions(source):
        return []
    files = [file for path, text in known.items() if (file := _parsed(path, text))]
    homes = [file for file in files if _shares(source, file)]
    if len(homes) != 1:
        return []
    try:
        return _into(homes[0], source)
    except Doubt:
        return []


def is_part(text: str, whole: str) -> bool:
    """Whether a block under a file's path leaves out what it can hardly mean to remove.

    A whole file that drops definitions on purpose keeps the file's imports, values and most of
    its definitions.
    """
    block, file = _parsed("", text), _parsed("", whole)
    if block is None or file is None:
        return False
    missing = set(_names(file)) - set(_names(block))
    if not missing:
        return False
    kept = {ast.unparse(node) for node in block.body if isinstance(node, IMPORTS)}
    heads = {ast.unparse(node) for node in file.body if isinstance(node, IMPORTS)}
    values = {_name(node) for node in file.body if isinstance(node, ast.Assign | ast.AnnAssign)}
    drops_head = not heads <= kept or bool(values & missing)
    return drops_head or not heads | values or 2 * len(missing) > len(_names(file))


def _into(file: Source, block: Source) -> list[Edit]:
    plan = Plan(file)
    for node in block.body:
        _place(plan, block, node)
    _add_new(plan)
    _add_imports(plan, block)
    if not plan.splices:
        return []
    old, new = "".join(file.lines), _spliced(plan)
    _check(file, new)
    return [Replace(file.path, old, new)]


def _place(plan: Plan, block: Source, node: ast.stmt) -> None:
    if isinstance(node, (*IMPORTS, ast.Expr)):
        return
    if isinstance(node, FUNCTIONS) and _is_method(node):
        _place_method(plan, block, node)
        return
    found = _only(plan.file.body, _name(node))
    if found is None:
        plan.new.append(block.text(node).rstrip("\n"))
    elif isinstance(node, ast.ClassDef) and isinstance(found, ast.ClassDef):
        _merge_class(plan, found, block, node)
    elif type(found) is type(node) or {type(found), type(node)} <= set(FUNCTIONS):
        plan.swap(found, block.text(node))
    else:
        raise Doubt


def _place_method(plan: Plan, block: Source, node: Function) -> None:
    """A method without its class goes where the one class has it."""
    homes = [
        (owner, old)
        for owner in plan.file.body
        if isinstance(owner, ast.ClassDef) and (old := _only(owner.body, node.name))
    ]
    if len(homes) != 1:
        raise Doubt
    plan.swap(homes[0][1], _indented(block, node, plan.file.indent(homes[0][1])))


def _merge_class(plan: Plan, old: ast.ClassDef, block: Source, new: ast.ClassDef) -> None:
    """Member by member; what the block does not name stays as it is."""
    if [ast.unparse(base) for base in new.bases] != [ast.unparse(base) for base in old.bases]:
        raise Doubt
    if new.decorator_list and _decorators(new) != _decorators(old):
        raise Doubt
    for member in new.body:
        if isinstance(member, (ast.Expr, ast.Pass)):
            continue
        found = _only(old.body, _name(member))
        text = _indented(block, member, plan.file.indent(old.body[0]))
        if found is not None:
            plan.swap(found, text)
        elif isinstance(member, FUNCTIONS):
            plan.insert(old.body[-1], "\n" + text.rstrip("\n") + "\n")
        else:
            raise Doubt


def _add_new(plan: Plan) -> None:
    """What the file does not have yet: before the statement that holds the first change."""
    if not plan.new:
        return
    if not plan.splices:
        raise Doubt
    first = min(splice.start for splice in plan.splices)
    owner = next(node for node in plan.file.body if (node.end_lineno or 0) + 1 >= first)
    line = _first(owner)
    while line > 1 and plan.file.lines[line - 2].startswith("#"):
        line -= 1
    text = "".join(f"{each}\n\n\n" for each in plan.new)
    plan.splices.append(Splice(line, line - 1, text))


def _add_imports(plan: Plan, block: Source) -> None:
    """What the block imports and nothing in the file does, below the file's last import."""
    bound = {name for node in plan.file.body for name in _imported(node)}
    lines = [
        ast.unparse(node)
        for node in block.body
        if isinstance(node, IMPORTS) and not set(_imported(node)) <= bound
    ]
    if not lines or not plan.splices:
        return
    heads: list[ast.stmt] = [node for node in plan.file.body if isinstance(node, IMPORTS)]
    if not heads and isinstance(plan.file.body[0], ast.Expr):
        heads = [plan.file.body[0]]
    line = (heads[-1].end_lineno or 0) + 1 if heads else 1
    plan.splices.append(Splice(line, line - 1, "".join(f"{each}\n" for each in lines)))


def _spliced(plan: Plan) -> str:
    lines = list(plan.file.lines)
    ordered = sorted(plan.splices, key=lambda each: (each.start, each.end))
    if any(a.end >= b.start for a, b in pairwise(ordered)):
        raise Doubt
    for splice in reversed(ordered):
        lines[splice.start - 1 : splice.end] = [splice.text]
    return "".join(lines)


def _check(file: Source, new: str) -> None:
    """Nothing that the file defines may be lost by this, whatever went wrong above."""
    after = _parsed(file.path, new)
    if after is None or _census(file.body) - _census(after.body):
        raise Doubt


def _census(body: Sequence[ast.stmt]) -> Counter[str]:
    """Names on the top level and in classes, as often as they are defined."""
    found = Counter(_names_of(body))
    for node in body:
        if isinstance(node, ast.ClassDef):
            found.update(f"{node.name}.{name}" for name in _names_of(node.body))
    return found


def _indented(block: Source, node: ast.stmt, indent: str) -> str:
    """The text of a member with another indentation; Doubt where a string would change by it."""
    own, text = block.indent(node), block.text(node)
    if own == indent:
        return text
    inner = ast.walk(node)
    if any(isinstance(n, ast.Constant) and n.lineno != n.end_lineno for n in inner):
        raise Doubt
    return textwrap.indent(textwrap.dedent(text), indent)


def _is_method(node: Function) -> bool:
    arguments = [*node.args.posonlyargs, *node.args.args]
    return bool(arguments) and arguments[0].arg in ("self", "cls")


def _shares(block: Source, file: Source) -> bool:
    """Whether a file has a function, class or method of the block."""
    classes = (node for node in file.body if isinstance(node, ast.ClassDef))
    methods = {name for owner in classes for name in _names_of(owner.body)}
    top = set(_names(file))
    return any(
        node.name in (methods if isinstance(node, FUNCTIONS) and _is_method(node) else top)
        for node in block.body
        if isinstance(node, DEFINITIONS)
    )


def _only(body: Sequence[ast.stmt], name: str) -> ast.stmt | None:
    """The statement that defines a name; Doubt where there are several or it has none."""
    found = [node for node in body if _name(node) == name]
    if not name or len(found) > 1:
        raise Doubt
    return found[0] if found else None


def _names(source: Source) -> list[str]:
    return _names_of(source.body)


def _names_of(body: Sequence[ast.stmt]) -> list[str]:
    return [name for node in body if (name := _name(node))]


def _name(node: ast.stmt) -> str:
    if isinstance(node, DEFINITIONS):
        return node.name
    targets: Sequence[ast.expr] = ()
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else ""


def _imported(node: ast.stmt) -> list[str]:
    """The names that a statement, or one inside it, binds by importing."""
    found = (each for each in ast.walk(node) if isinstance(each, IMPORTS))
    return [(a.asname or a.name).partition(".")[0] for each in found for a in each.names]


def _decorators(node: Definition) -> list[str]:
    return [ast.unparse(each) for each in node.decorator_list]


def _only_definitions(source: Source) -> bool:
    """Definitions, named values and imports, each once, with a function or class among them."""
    allowed = (*DEFINITIONS, *IMPORTS, ast.Assign, ast.AnnAssign)
    return (
        any(isinstance(node, DEFINITIONS) for node in source.body)
        and all(isinstance(node, allowed) or _is_docstring(node) for node in source.body)
        and max(_census(source.body).values()) == 1
    )


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _first(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, DEFINITIONS) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _parsed(path: str, text: str) -> Source | None:
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
