"""From a text to the part of the repository that a model is shown."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch

from gitagent.domain.call import CHARACTERS_PER_TOKEN
from gitagent.domain.context import Context, Excerpt, Hit, Span, is_test
from gitagent.edits import mentions, paths
from gitagent.edits.docstrings import shortened
from gitagent.edits.outline import outline
from gitagent.edits.source import parsed
from gitagent.ports import Index, Repo

MOST_HITS = 60
LISTED, LARGEST_WHOLE, LARGEST_READ = 120, 1_000_000, 4_000_000
FEW_FILES = 12
WHOLE_SHARE = 0.6
LONGEST_CUT = 9000

DEFINED = re.compile(r"^([ \t]*)(?:async def|def|class)[ \t]+(\w+)", re.MULTILINE)
NAMED_FILE = re.compile(r"[\w./-]+\.py\b")
IMPORTS = re.compile(r"^\s*from\s+([\w.]+)\s+import\s+(\([^)]*\)|.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Room:
    """How much may be shown, in characters: together, and of one file whole."""

    characters: int
    whole: int


def retrieve(
    repo: Repo,
    index: Index,
    tree: str,
    text: str,
    *,
    tokens: int,
    task: str = "",
    first: Sequence[str] = (),
    ignore: Sequence[str] = (),
    focus: float = 0.0,
    listed: int = LISTED,
    whole: int = LARGEST_WHOLE,
    most: int = MOST_HITS,
) -> Context:
    """Ranked files for a text, and excerpts of the best that fit into `tokens`.

    `first` are paths that go before all others; then come the files that `task` names, by a path
    or by what only one file defines, and these are shown whole where they fit at all. `ignore`
    patterns are never shown, nor is what looks like a secret. With a `focus` only the files that
    are named are excerpted or, where none is, those with at least `focus` times the best score.
    Of the other paths `listed` are named, and `most` files are ranked.
    """
    readable = (f.path for f in repo.files(tree) if f.size <= LARGEST_READ)
    files = [path for path in readable if not _hidden(path, ignore)]
    shown = set(files)
    hits = [hit for hit in index.search(tree, text, most) if hit.path in shown]
    meant = [*(path for path in first if path in shown), *_named(files, task)]
    surely, perhaps = _defining(repo, tree, hits, task)
    order = _meant_first(hits, list(dict.fromkeys([*meant, *surely, *perhaps])))
    order += _rest(files, order)
    sure = {*meant, *surely}
    near = _near(order, sure, focus)
    room = Room(tokens * CHARACTERS_PER_TOKEN, whole)
    excerpts = _pack(repo, tree, near, text, room, sure)
    listing = _listing(files, [hit.path for hit in order], listed)
    return Context(tuple(order), excerpts, listing)


def with_texts(repo: Repo, tree: str, context: Context) -> Context:
    """A context out of a log, with the texts that it shows of the files of `tree`."""
    files = ((excerpt, repo.file(tree, excerpt.path)) for excerpt in context.excerpts)
    excerpts = tuple(
        replace(excerpt, text=_text(excerpt, file.data.decode(errors="replace")))
        for excerpt, file in files
        if file is not None and not paths.secret(excerpt.path)
    )
    return replace(context, excerpts=excerpts)


def clues(repo: Repo, tree: str, output: str) -> str:
    """What the files that an output names import: modules as paths, names in backticks.

    A failing test says where it failed; what it imports is what it tests.
    """
    found: list[str] = []
    for path in dict.fromkeys(NAMED_FILE.findall(output)):
        file = repo.file(tree, path)
        for module, names in IMPORTS.findall(file.data.decode(errors="replace") if file else ""):
            found.append(module.strip(".").replace(".", "/") + ".py")
            found += [f"`{name}`" for name in re.findall(r"\w+", names)]
    return " ".join(dict.fromkeys(found))


def _hidden(path: str, ignore: Sequence[str]) -> bool:
    # a name of control characters or stray bytes cannot be written into a prompt
    unfit = paths.secret(path) or not path.isprintable()
    return unfit or any(fnmatch(path, pattern) for pattern in ignore)


def _named(files: Sequence[str], text: str) -> list[str]:
    """The files that a text names by their path, or by the end of it where only one ends so."""
    found: list[str] = []
    for name in (each.rstrip(".").removeprefix("./") for each in mentions.paths(text)):
        ends = [path for path in files if path == name or path.endswith(f"/{name}")]
        found += [name] if name in ends else ends if len(ends) == 1 else []
    return found


def _defining(repo: Repo, tree: str, hits: Sequence[Hit], text: str) -> tuple[list[str], list[str]]:
    """The files that alone define what a text names: surely, by a name of code or of a class, and
    perhaps, by another word. Words may be meant as such, so they count on the top level only."""
    telling, plain = mentions.in_code(text), mentions.plain(text)
    homes: dict[str, list[str]] = {}
    for hit in hits:
        if not is_test(hit.path) and hit.path.endswith(".py"):
            file = repo.file(tree, hit.path)
            for name in _defined(
                file.data.decode(errors="replace") if file else "", telling, plain
            ):
                homes.setdefault(name, []).append(hit.path)
    alone = {name: paths[0] for name, paths in homes.items() if len(paths) == 1}
    sure = [path for name, path in alone.items() if name in telling or name[0].isupper()]
    return sure, [path for path in alone.values() if path not in sure]


def _defined(text: str, telling: Collection[str], plain: Collection[str]) -> set[str]:
    return {
        name
        for inside, name in DEFINED.findall(text)
        if name in telling or (not inside and name in plain)
    }


def _near(order: Sequence[Hit], sure: Collection[str], focus: float) -> list[Hit]:
    """What is worth its place in the prompt; where a file is named, less is."""
    named = [hit for hit in order if "named" in hit.why]
    if focus and sure:
        return named
    least = ((1 + focus) / 2 if focus and named else focus) * (order[0].score if order else 0.0)
    return [hit for hit in order if hit.score >= least]


def _meant_first(hits: Sequence[Hit], meant: Sequence[str]) -> list[Hit]:
    best = max((hit.score for hit in hits), default=1.0)
    known = {hit.path: hit for hit in hits}
    ahead = [replace(known.get(path, Hit(path, best, ())), score=best) for path in meant]
    ahead = [replace(hit, why=("named", *hit.why)) for hit in ahead]
    return [*ahead, *(hit for hit in hits if hit.path not in set(meant))]


def _rest(files: Sequence[str], ranked: Sequence[Hit]) -> list[Hit]:
    """The files of a small repository that no word led to, code first: they may be meant."""
    if len(files) > FEW_FILES:
        return []
    found = {hit.path for hit in ranked}
    left = sorted((path for path in files if path not in found), key=lambda p: (is_test(p), p))
    return [Hit(path, 0.0, ("rest",)) for path in left]


def _pack(
    repo: Repo, tree: str, hits: Iterable[Hit], text: str, room: Room, meant: Collection[str]
) -> tuple[Excerpt, ...]:
    """Whole files where they are small or meant, else what the text is about, best first."""
    left, packed = room.characters, []
    for hit in hits:
        file = repo.file(tree, hit.path)
        if file is None or b"\0" in file.data:
            continue
        content = file.data.decode(errors="replace")
        share = left if hit.path in meant or left < room.characters / 2 else left * WHOLE_SHARE
        if len(content) <= min(share, room.whole):
            excerpt = Excerpt(hit.path, content, whole=True)
        else:
            most = min(int(left * WHOLE_SHARE), LONGEST_CUT)
            excerpt = _cut(hit, content, text, most, brief=room.whole < LARGEST_WHOLE)
        if excerpt.text and len(excerpt.text) <= left:
            packed.append(excerpt)
            left -= len(excerpt.text) + len(hit.path)
    return tuple(packed)


def _cut(hit: Hit, content: str, text: str, characters: int, *, brief: bool) -> Excerpt:
    """The definitions that a text is about; of what has none, the lines around the hits.

    `brief` leaves out what a weak model would only copy: the imports, and long docstrings.
    """
    source = parsed(hit.path, content) if hit.path.endswith(".py") else None
    spans = outline(source, text, characters, head=not brief) if source else ()
    cut = bool(source and spans and brief)
    spans = spans or hit.spans or (Span(1, min(len(content.splitlines()), 60)),)
    excerpt = Excerpt(hit.path, "", whole=False, spans=spans, shortened=cut)
    return replace(excerpt, text=_text(excerpt, content))


def _text(excerpt: Excerpt, content: str) -> str:
    """What an excerpt shows of its file."""
    if excerpt.whole:
        return content
    if excerpt.shortened and (source := parsed(excerpt.path, content)):
        return shortened(source, excerpt.spans)
    lines = content.splitlines(keepends=True)
    return "".join("".join(lines[span.start - 1 : span.end]) for span in excerpt.spans)


def _listing(files: Sequence[str], ranked: Sequence[str], most: int) -> tuple[str, ...]:
    """All paths of a small repository, else the best ranked."""
    return tuple(files) if len(files) <= most else tuple(sorted(ranked[:most]))
