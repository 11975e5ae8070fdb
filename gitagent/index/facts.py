"""What the syntax of one blob says: what it defines, what it uses, what it imports.

Facts belong to a blob and the language that its path gives it, and to nothing else: not to a
commit, a repository or the rest of the path. So a branch switch finds them all there, and where
an import leads is another module's question (`imports`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from gitagent.domain.code import Definition
from gitagent.domain.context import Span
from gitagent.index import left_out, prose
from gitagent.index.languages import Language, named
from gitagent.index.stored import decoded

if TYPE_CHECKING:
    import msgspec


@dataclass(frozen=True)
class Symbol:
    """One definition: `line` to `end`, 1-based and inclusive, with the line that introduces it.

    `scope` is the qualified name of what it stands in, `""` at the top; names are joined by dots
    in every language. `kind` is one of class, constant, enum, field, function, interface, macro,
    method, module, section, struct, trait, type.
    """

    name: str
    kind: str
    line: int
    end: int
    signature: str
    scope: str = ""

    @property
    def qualified(self) -> str:
        return f"{self.scope}.{self.name}" if self.scope else self.name

    def at(self, path: str) -> Definition:
        """The same in a file; a blob has no path."""
        span = Span(self.line, self.end)
        return Definition(path, self.name, self.kind, span, self.signature, self.scope)


@dataclass(frozen=True)
class Facts:
    """All that is kept of a blob, but for its words.

    `refs` counts the names that are called, used as a type or imported, as they are written; names
    that only the blob itself could mean are there too. `imports` are what the language's import
    statements name, normal in form (see `imports`). `skipped` says why nothing else is here.
    `unparsed` says that the syntax took too much work, so that only words are known.
    """

    language: str = ""
    defs: tuple[Symbol, ...] = ()
    refs: Mapping[str, int] = field(default_factory=dict)
    imports: tuple[str, ...] = ()
    lines: int = 0
    skipped: str = ""
    unparsed: bool = False


def facts_of(language: str, data: bytes) -> Facts:
    """What is to be known of a blob in a language (`languages.language_of` its path)."""
    if reason := left_out.by_content(data):
        return Facts(language, skipped=reason)
    return of_text(language, left_out.readable(data))


def of_text(language: str, text: bytes) -> Facts:
    """The same of a text in UTF-8 that is not left out."""
    lines = text.count(b"\n") + (not text.endswith(b"\n") and bool(text))
    known = named(language)
    if known is None:
        return Facts(language, lines=lines)
    if known.grammar is None:
        return Facts(language, prose.sections(text, known.name), lines=lines)
    return _parsed(known, text, lines)


def _parsed(language: Language, text: bytes, lines: int) -> Facts:
    from gitagent.index import syntax

    found = syntax.read(language, text)
    if found is None:
        return Facts(language.name, lines=lines, unparsed=True)
    return Facts(language.name, found.defs, found.refs, found.imports, lines)


def encode(facts: Facts) -> bytes:
    """As MessagePack, which is data and can hold nothing that acts."""
    return _encoder().encode(facts)


def decode(data: bytes) -> Facts:
    """What `encode` made; NoDatabase where it is something else."""
    return decoded(_decoder(), data)


@cache
def _encoder() -> msgspec.msgpack.Encoder:
    import msgspec

    return msgspec.msgpack.Encoder()


@cache
def _decoder() -> msgspec.msgpack.Decoder[Facts]:
    import msgspec

    return msgspec.msgpack.Decoder(Facts)
