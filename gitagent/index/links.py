"""What each file of a tree has to do with the others: imports both ways, and names used both ways.

A blob's facts name what it imports and uses; who is meant depends on the tree. A name leads to a
definition where only one fits: the only one of its language in the tree, or the only one in what
the file imports. A single plain word (`get`, `Request`) is too often another library's, so it
counts only in a file that imports its definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property

from gitagent.domain.code import Definition, Links
from gitagent.index.facts import Facts, Symbol
from gitagent.index.imports import Imports

FactsOf = Callable[[Sequence[str]], Mapping[str, Facts]]
"""The facts of paths of one tree, of those that have any."""

_FAMILIES = {"typescript": "javascript", "tsx": "javascript", "c": "cpp"}
_SHARED_FOLDER = ("go", "java")
"""Languages in which the files of a folder need not import each other."""
_HEADING = "section"


class TreeLinks:
    """The links of one tree: what is found out for one file serves the next.

    `facts` is asked once, for all paths, when the first file is.
    """

    def __init__(self, paths: Sequence[str], facts: FactsOf) -> None:
        self._paths = paths
        self._facts_of = facts
        self._meant: dict[str, tuple[str, ...]] = {}

    def defines(self, path: str) -> tuple[Definition, ...]:
        """What a file defines, in the order of its lines; empty where nothing is known of it."""
        own = self._facts.get(path)
        return tuple(symbol.at(path) for symbol in own.defs) if own else ()

    def of(self, path: str) -> Links:
        """What one file has to do with the others; empty where nothing is known of it."""
        own = self._facts.get(path)
        if own is None:
            return Links(path)
        return Links(
            path,
            self.defines(path),
            self._imports(path),
            self._importing.get(path, ()),
            self._uses(path, own),
            self._used_by(path, own),
        )

    @cached_property
    def _facts(self) -> Mapping[str, Facts]:
        return self._facts_of(self._paths)

    @cached_property
    def _resolver(self) -> Imports:
        return Imports(self._facts, _modules(self._facts))

    def _imports(self, path: str) -> tuple[str, ...]:
        if path not in self._meant:
            known = self._facts[path]
            self._meant[path] = self._resolver.of(path, known.language, known.imports)
        return self._meant[path]

    @cached_property
    def _importing(self) -> Mapping[str, tuple[str, ...]]:
        """Of each path, the files that import it, in the order of the tree."""
        found: dict[str, list[str]] = {}
        for path, known in self._facts.items():
            for target in self._imports(path) if known.imports else ():
                found.setdefault(target, []).append(path)
        return {target: tuple(importing) for target, importing in found.items()}

    @cached_property
    def _homes(self) -> Mapping[str, Mapping[str, Mapping[str, list[Symbol]]]]:
        """By language family and name, the definitions in each file that has some."""
        found: dict[str, dict[str, dict[str, list[Symbol]]]] = {}
        for path, known in self._facts.items():
            named = found.setdefault(_family(known), {})
            for symbol in known.defs:
                if symbol.kind != _HEADING:
                    named.setdefault(symbol.name, {}).setdefault(path, []).append(symbol)
        return found

    def _uses(self, path: str, own: Facts) -> tuple[Definition, ...]:
        found = (self._meaning(name, path, own) for name in own.refs)
        return tuple(sorted(filter(None, found), key=lambda d: (d.path, d.span.start)))

    def _used_by(self, path: str, own: Facts) -> tuple[str, ...]:
        family, names = _family(own), {s.name for s in own.defs if s.kind != _HEADING}
        return tuple(
            other
            for other, known in self._facts.items()
            if other != path
            and _family(known) == family
            and self._one_means(names & known.refs.keys(), path, other, known)
        )

    def _one_means(self, names: Iterable[str], home: str, path: str, known: Facts) -> bool:
        meanings = (self._meaning(name, path, known) for name in names)
        return any(meaning and meaning.path == home for meaning in meanings)

    def _meaning(self, name: str, path: str, known: Facts) -> Definition | None:
        """The definition elsewhere that a file means by a name; None where it is not clear."""
        homes = self._homes[_family(known)].get(name)
        if not homes or path in homes:
            return None
        near = [home for home in homes if self._sees(path, known, home)]
        if len(near) == 1:
            (home,) = near
        elif len(homes) == 1 and _telling(name):
            (home,) = homes
        else:
            return None
        symbol = _only(homes[home])
        return symbol.at(home) if symbol else None

    def _sees(self, path: str, known: Facts, home: str) -> bool:
        if home in self._imports(path):
            return True
        return known.language in _SHARED_FOLDER and _folder(home) == _folder(path)


def _only(symbols: Sequence[Symbol]) -> Symbol | None:
    """The one that stands for all: overloads are one, and the top goes before scopes."""
    if len({symbol.qualified for symbol in symbols}) == 1:
        return symbols[0]
    top = [symbol for symbol in symbols if not symbol.scope]
    return top[0] if len(top) == 1 else None


def _modules(facts: Mapping[str, Facts]) -> Mapping[str, Sequence[str]]:
    """The files of each Elixir module, which need not be where its name says."""
    found: dict[str, list[str]] = {}
    for path, known in facts.items():
        for symbol in known.defs if known.language == "elixir" else ():
            if symbol.kind == "module":
                found.setdefault(symbol.qualified, []).append(path)
    return found


def _family(known: Facts) -> str:
    return _FAMILIES.get(known.language, known.language)


def _telling(name: str) -> bool:
    """Whether a name is made of several words, as hardly another library's is."""
    inner = name.strip("_?!")
    mixed = inner[1:].lower() != inner[1:] and inner.upper() != inner
    return "_" in inner or mixed


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
