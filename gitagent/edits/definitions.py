"""A block that is no file but definitions of one: the functions and classes that change.

Small models are asked for a file and write the one function that changes. Where each definition of
the block has exactly one place in one known file, that is as clear as a path: the file is written
with these definitions in their places and everything else as it was. Where anything is in doubt,
nothing is done. Python only.
"""

from __future__ import annotations

import ast
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence

from gitagent.domain.edit import Edit, Replace
from gitagent.edits.docstrings import kept
from gitagent.edits.source import (
    DEFINITIONS,
    FUNCTIONS,
    IMPORTS,
    Function,
    Source,
    decorators,
    indented,
    is_method,
    is_string,
    name_of,
    names_of,
    parsed,
)
from gitagent.edits.splices import Doubt, Splices

COMPANION = (".setter", ".deleter", ".getter", "overload")


def replacements(block: str, known: Mapping[str, str]) -> list[Edit]:
    """The edit that puts a block's definitions into the one known file that has some of them.

    Empty where the block is anything else, or where something has two places or none.
    """
    source = parsed("", textwrap.dedent(block))
    if source is None:
        return []
    files = [file for path, text in known.items() if (file := parsed(path, text))]
    homes = [file for file in files if _shares(source, file)]
    return (_into(homes[0], source) or []) if len(homes) == 1 else []


def placed(block: str, path: str, text: str) -> list[Edit] | None:
    """The edit that puts a block's definitions into the file that it names; new ones, too.

    Empty where the file says all of it already; None where something has no clear place.
    """
    source, file = parsed("", textwrap.dedent(block)), parsed(path, text)
    return _into(file, source) if source and file else None


def is_part(text: str, whole: str) -> bool:
    """Whether a block under a file's path leaves out what it can hardly mean to remove.

    A whole file that drops definitions on purpose keeps the file's imports, values and most of
    its definitions.
    """
    block, file = parsed("", text), parsed("", whole)
    if block is None or file is None:
        return False
    missing = set(names_of(file.body)) - set(names_of(block.body))
    if not missing:
        return False
    kept = {ast.unparse(node) for node in block.body if isinstance(node, IMPORTS)}
    heads = {ast.unparse(node) for node in file.body if isinstance(node, IMPORTS)}
    values = {name_of(node) for node in file.body if isinstance(node, ast.Assign | ast.AnnAssign)}
    drops_head = not heads <= kept or bool(values & missing)
    return drops_head or not heads | values or 2 * len(missing) > len(names_of(file.body))


def forgets_docstring(text: str, whole: str) -> bool:
    """Whether a block with all that its file defines has left out what stands above it."""
    block, file = parsed("", text), parsed("", whole)
    if block is None or file is None or not set(names_of(file.body)) <= set(names_of(block.body)):
        return False
    return ast.get_docstring(_module(file)) is not None and (
        ast.get_docstring(_module(block)) is None
    )


def _module(source: Source) -> ast.Module:
    return ast.Module(list(source.body), [])


def _into(file: Source, block: Source) -> list[Edit] | None:
    told, known = _told(block.body, file.body), set(names_of(file.body))
    if not any(isinstance(n, DEFINITIONS) or name_of(n) in known for n in block.body):
        return None
    splices = Splices(file)
    try:
        _check_told(told)
        for node in told:
            _place(splices, block, node)
        splices.add_imports(told)
        new = splices.applied()
    except Doubt:
        return None
    return [Replace(file.path, "".join(file.lines), new)] if new else []


def _told(new: Sequence[ast.stmt], old: Sequence[ast.stmt]) -> list[ast.stmt]:
    """What a body says that the old one does not say already, word for word."""
    before = Counter(map(ast.dump, old))
    told = []
    for node in new:
        if before[ast.dump(node)]:
            before[ast.dump(node)] -= 1
        else:
            told.append(node)
    return told


def _place(splices: Splices, block: Source, node: ast.stmt) -> None:
    if isinstance(node, (*IMPORTS, ast.Expr)):
        return
    file = splices.file
    if isinstance(node, FUNCTIONS) and is_method(node):
        _place_method(splices, block, node)
        return
    found = _match(file.body, node)
    if found is None:
        splices.add(block.text(node).rstrip("\n"))
    elif isinstance(node, ast.ClassDef) and isinstance(found, ast.ClassDef):
        _merge_class(splices, found, block, node)
    elif type(found) is type(node) or {type(found), type(node)} <= set(FUNCTIONS):
        splices.swap(found, kept(file, found, block.text(node)))
    else:
        raise Doubt


def _place_method(splices: Splices, block: Source, node: Function) -> None:
    """A method without its class goes where the one class has it; a new one to the only class."""
    owners = list(splices.file.classes())
    homes = [owner for owner in owners if node.name in names_of(owner.body)]
    found = _match(splices.file.body, node)
    if found is not None and not homes and isinstance(found, FUNCTIONS):
        splices.swap(found, kept(splices.file, found, block.text(node)))
        return
    if found is not None or len(homes or owners) != 1:
        raise Doubt
    _place_member(splices, (homes or owners)[0], block, node)


def _merge_class(splices: Splices, old: ast.ClassDef, block: Source, new: ast.ClassDef) -> None:
    """Member by member; what the block does not name stays as it is.

    A class line without bases and decorators only says where its members belong.
    """
    if new.bases and list(map(ast.dump, new.bases)) != list(map(ast.dump, old.bases)):
        raise Doubt
    if new.decorator_list and decorators(new) != decorators(old):
        raise Doubt
    told = _told(new.body, old.body)
    if not _once(told):
        raise Doubt
    for member in told:
        if not isinstance(member, ast.Pass) and not is_string(member):
            _place_member(splices, old, block, member)


def _place_member(splices: Splices, owner: ast.ClassDef, block: Source, member: ast.stmt) -> None:
    text = indented(block, member, splices.file.indent(owner.body[0]))
    if text is None:
        raise Doubt
    found = _match(owner.body, member)
    if found is None and not isinstance(member, FUNCTIONS):
        raise Doubt
    if found is None:
        splices.append(owner.body[-1], text)
    elif _accompanies(member, found):
        splices.append(found, text)
    else:
        splices.swap(found, kept(splices.file, found, text))


def _match(body: Sequence[ast.stmt], node: ast.stmt) -> ast.stmt | None:
    """The statement that a node stands for; Doubt where there are several or it has no name.

    Of several of one name (a property and its setter, overloads) the one with the same
    decorators, or the same arguments, too.
    """
    if not name_of(node):
        raise Doubt
    found = [each for each in body if name_of(each) == name_of(node)]
    if len(found) > 1:
        found = [each for each in found if decorators(each) == decorators(node)]
        if len(found) > 1:
            found = [each for each in found if _arguments(each) == _arguments(node)]
        if len(found) != 1:
            raise Doubt
    return found[0] if found else None


def _arguments(node: ast.stmt) -> str:
    return ast.dump(node.args) if isinstance(node, FUNCTIONS) else ""


def _accompanies(node: ast.stmt, found: ast.stmt) -> bool:
    """Whether a function stands beside another one of its name, as a setter does."""
    own = [each for each in decorators(node) if each.endswith(COMPANION)]
    return bool(own) and decorators(node) != decorators(found)


def _shares(block: Source, file: Source) -> bool:
    """Whether a file has a function, class or method of the block."""
    methods = {name for owner in file.classes() for name in names_of(owner.body)}
    top = set(names_of(file.body))
    return any(
        node.name in (methods if is_method(node) else top)
        for node in block.body
        if isinstance(node, DEFINITIONS)
    )


def _check_told(body: Sequence[ast.stmt]) -> None:
    """Definitions, named values and imports, each once; Doubt where there is anything else."""
    allowed = (*DEFINITIONS, *IMPORTS, ast.Assign, ast.AnnAssign)
    if not _once(body) or not all(isinstance(n, allowed) or is_string(n) for n in body):
        raise Doubt


def _once(body: Sequence[ast.stmt]) -> bool:
    """Whether no name is defined twice over, but for what stands beside another."""
    keys = Counter((name_of(node), *decorators(node)) for node in body if name_of(node))
    return max(keys.values(), default=1) == 1
