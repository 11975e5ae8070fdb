"""What is where in a tree: what a name is defined by, who uses it, what a file holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from gitagent.domain.code import Definition, Mention
from gitagent.domain.context import is_test
from gitagent.index import facts
from gitagent.index.facts import Facts
from gitagent.index.snapshot import Snapshot
from gitagent.index.terms import name as form_of
from gitagent.index.terms import split

MOST_READ = 300
"""Files that are looked through for a name, those with the most mentions first."""
LONGEST_LINE = 240
MARKS = "!?"
"""What names may end with in Ruby and Elixir."""


def known(snapshot: Snapshot) -> dict[str, Facts]:
    """The facts of all files, by path."""
    everything = _facts(snapshot, range(len(snapshot.paths)))
    return {snapshot.paths[file]: found for file, found in everything.items()}


def outline(snapshot: Snapshot, path: str) -> Sequence[Definition]:
    """What a file defines, in the order of its lines; nothing where it is not indexed."""
    file = snapshot.file(path)
    if file is None:
        return ()
    known = _facts(snapshot, [file]).get(file, Facts())
    return [symbol.at(path) for symbol in known.defs]


def definitions(snapshot: Snapshot, name: str, limit: int) -> Sequence[Definition]:
    """What is called so; code before tests, and the spelling that was asked for first."""
    scope, last = _parted(name)
    forms = {form_of(last.rstrip(MARKS)) + mark for mark in ("", *MARKS)}
    files = {file for there in snapshot.defining(forms).values() for file in there}
    found = [
        symbol.at(snapshot.paths[file])
        for file, known in _facts(snapshot, files).items()
        for symbol in known.defs
        if form_of(symbol.name) in forms and _within(symbol.scope, scope)
    ]
    return sorted(found, key=lambda d: (d.name != last, is_test(d.path), d.path, d.span.start))[
        :limit
    ]


def references(
    snapshot: Snapshot, name: str, limit: int, read: Callable[[str], bytes]
) -> Sequence[Mention]:
    """Lines that use a name as it is written; code before tests, most mentions of a file first.

    `read` gives the content of a path.
    """
    _, last = _parted(name)
    plain = last.rstrip(MARKS)
    if not plain:
        return ()
    found = _used(snapshot, last, limit, read)
    # the mark may have been that of a sentence
    return found if found or plain == last else _used(snapshot, plain, limit, read)


def _used(
    snapshot: Snapshot, last: str, limit: int, read: Callable[[str], bytes]
) -> Sequence[Mention]:
    often = _holding(snapshot, last)
    best = sorted(often, key=lambda f: (is_test(snapshot.paths[f]), -often[f], f))[:MOST_READ]
    known = _facts(snapshot, best)
    found: list[Mention] = []
    for file in best:
        path = snapshot.paths[file]
        defined = {s.line for s in known.get(file, Facts()).defs if _called(s.name, last)}
        found += (m for m in _mentions(path, read(path), last) if m.line not in defined)
        if len(found) >= limit:
            break
    return found[:limit]


def _holding(snapshot: Snapshot, name: str) -> dict[int, int]:
    """Files that hold a name, and how often at most."""
    terms, wholes = split(name.encode(errors="replace"))
    if not terms and not wholes and name.isidentifier():
        # no search is made for a letter or for a word like `all`, so it may be anywhere
        return dict.fromkeys(set(range(len(snapshot.paths))) - set(snapshot.left_out), 0)
    found = [*snapshot.using(wholes).values()] if wholes else []
    if not found:
        found = [*snapshot.postings(terms).values()]
    files = set.intersection(*map(set, found)) if found else set()
    return {file: min(counts[file] for counts in found) for file in files}


def _mentions(path: str, data: bytes, name: str) -> Iterator[Mention]:
    text = data.decode(errors="replace")
    whole = re.compile(rf"(?<![\w]){re.escape(name)}(?![\w])")
    if name not in text:
        return
    for number, line in enumerate(text.split("\n"), 1):
        if name in line and whole.search(line):
            yield Mention(path, number, line.strip()[:LONGEST_LINE])


def _facts(snapshot: Snapshot, files: Iterable[int]) -> dict[int, Facts]:
    return {file: facts.decode(data) for file, data in snapshot.facts(files).items()}


def _parted(name: str) -> tuple[str, str]:
    """The scope and the last part of a name, qualified in whatever language."""
    parts = [part for part in re.split(r"::|[.#/]", name.strip().rstrip("()")) if part]
    return ".".join(parts[:-1]), parts[-1] if parts else ""


def _called(name: str, asked: str) -> bool:
    return name == asked or name.rstrip(MARKS) == asked


def _within(scope: str, asked: str) -> bool:
    here, there = scope.lower(), asked.lower()
    return not there or here == there or here.endswith(f".{there}")
