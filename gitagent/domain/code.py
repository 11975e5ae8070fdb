"""What code is made of, as an index knows it: definitions, mentions, links, changes."""

from __future__ import annotations

from dataclasses import dataclass

from gitagent.domain.context import Span


@dataclass(frozen=True)
class Definition:
    """A named part of a file: the lines of `span`, with the line that introduces it.

    `scope` is the qualified name of what it stands in, `""` at the top; names are joined by dots
    in every language. `kind` is one of class, constant, enum, field, function, interface, macro,
    method, module, section, struct, trait, type.
    """

    path: str
    name: str
    kind: str
    span: Span
    signature: str
    scope: str = ""

    @property
    def qualified(self) -> str:
        return f"{self.scope}.{self.name}" if self.scope else self.name


@dataclass(frozen=True)
class Mention:
    """A line that uses a name, 1-based, as it stands there."""

    path: str
    line: int
    text: str


@dataclass(frozen=True)
class Links:
    """What a file has to do with others of its tree.

    `imports` and `imported_by` are paths, `uses` the definitions elsewhere that it names where
    only one fits, `used_by` the files that name what it alone defines.
    """

    path: str
    defines: tuple[Definition, ...] = ()
    imports: tuple[str, ...] = ()
    imported_by: tuple[str, ...] = ()
    uses: tuple[Definition, ...] = ()
    used_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """What a commit says, and the paths that it changed beside its first parent.

    `whole` is False where these are unknown: a partial clone may lack the trees.
    """

    message: str
    paths: tuple[str, ...]
    whole: bool = True
