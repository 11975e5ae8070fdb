"""New lines for a parsed file, gathered first and put in together, or not at all."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gitagent.edits.source import (
    DEFINITIONS,
    IMPORTS,
    Source,
    first_line,
    imported,
    is_main_guard,
    is_string,
    parsed,
)


class Doubt(Exception):
    """The block could mean more than one thing."""


@dataclass(frozen=True)
class Splice:
    """New lines in place of the lines `start` to `end` (1-based; end < start only inserts)."""

    start: int
    end: int
    text: str


class Splices:
    """What is to be done to one file. Raises Doubt where that cannot be done for certain."""

    def __init__(self, file: Source) -> None:
        self.file = file
        self._splices: list[Splice] = []
        self._new: list[str] = []
        self._imports: list[str] = []
        self._gone: Counter[str] = Counter()
        self._changed = False

    def swap(self, old: ast.stmt, text: str) -> None:
        """Another text for a statement."""
        self._gone[ast.dump(old)] += 1
        if self.file.text(old).rstrip() != text.rstrip():
            self._changed = True
            ended = text.rstrip("\n") + "\n"
            self._splices.append(Splice(first_line(old), old.end_lineno or 0, ended))

    def append(self, after: ast.stmt, text: str) -> None:
        """A new member of a class, behind another one."""
        self._changed = True
        self._insert(self.file.last_line(after) + 1, "\n" + text.rstrip("\n") + "\n")

    def add(self, text: str) -> None:
        """A new statement on the top level."""
        self._changed = True
        self._new.append(text)

    def add_imports(self, told: Sequence[ast.stmt]) -> None:
        """What these import and nothing in the file does."""
        bound = {name for node in self.file.body for name in imported(node)}
        self._imports += [
            ast.unparse(node)
            for node in told
            if isinstance(node, IMPORTS) and not set(imported(node)) <= bound
        ]

    def applied(self) -> str:
        """The text of the file after all of it; empty where nothing changes."""
        if not self._changed:
            return ""
        self._add_new()
        self._add_imports()
        lines = list(self.file.lines)
        ordered = sorted(self._splices, key=lambda each: (each.start, each.end))
        if any(a.end >= b.start for a, b in pairwise(ordered)):
            raise Doubt
        for splice in reversed(ordered):
            lines[splice.start - 1 : splice.end] = [splice.text]
        self._check("".join(lines))
        return "".join(lines)

    def _insert(self, line: int, text: str) -> None:
        ended = line == 1 or self.file.lines[line - 2].endswith("\n")
        self._splices.append(Splice(line, line - 1, text if ended else f"\n{text}"))

    def _add_new(self) -> None:
        """New statements: before what else changes, as its helpers; else below the last one."""
        if not self._new:
            return
        if self._splices:
            first = min(splice.start for splice in self._splices)
            self._insert(self._above(first), "".join(f"{each}\n\n\n" for each in self._new))
            return
        rest = [node for node in self.file.body if not is_main_guard(node)]
        defined = [node for node in rest if isinstance(node, DEFINITIONS)]
        last = next(reversed(defined or rest), None)
        line = self.file.last_line(last) + 1 if last else len(self.file.lines) + 1
        gap = "\n\n" if last else ""
        self._insert(line, gap + "\n\n\n".join(self._new) + "\n")

    def _add_imports(self) -> None:
        """Below the file's last import, else below its docstring."""
        if not self._imports:
            return
        body = self.file.body
        heads: list[ast.stmt] = [node for node in body if isinstance(node, IMPORTS)]
        if not heads and body and is_string(body[0]):
            heads = [body[0]]
        line = (heads[-1].end_lineno or 0) + 1 if heads else 1
        self._insert(line, "".join(f"{each}\n" for each in self._imports))

    def _above(self, line: int) -> int:
        """Where the statement around a line begins, with the comments that belong to it."""
        owner = next(node for node in self.file.body if self.file.last_line(node) + 1 >= line)
        above = first_line(owner)
        while above > 1 and self.file.lines[above - 2].startswith("#"):
            above -= 1
        return above

    def _check(self, new: str) -> None:
        """Nothing may be lost but what was swapped, whatever went wrong before."""
        after = parsed(self.file.path, new)
        if after is None or _census(self.file) - _census(after) - self._gone:
            raise Doubt


def _census(file: Source) -> Counter[str]:
    """Every statement of the top level and of classes, and the classes' own lines."""
    found: Counter[str] = Counter()
    for node in file.body:
        if isinstance(node, ast.ClassDef):
            found[f"{node.name} {list(map(ast.dump, (*node.bases, *node.decorator_list)))}"] += 1
            found.update(map(ast.dump, node.body))
        else:
            found[ast.dump(node)] += 1
    return found
