"""From a text to the part of the repository that a model is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch

from gitagent.domain.call import CHARACTERS_PER_TOKEN
from gitagent.domain.context import Context, Excerpt, Hit, Span, is_test
from gitagent.edits import paths
from gitagent.ports import Index, Repo

MOST_HITS = 60
LISTED = 120
FEW_FILES = 12
WHOLE_SHARE = 0.6

NAMED_FILE = re.compile(r"[\w./-]+\.py\b")
IMPORTS = re.compile(r"^\s*from\s+([\w.]+)\s+import\s+(\([^)]*\)|.*)$", re.MULTILINE)


def retrieve(
    repo: Repo,
    index: Index,
    tree: str,
    text: str,
    *,
    tokens: int,
    first: Sequence[str] = (),
    ignore: Sequence[str] = (),
    focus: float = 0.0,
) -> Context:
    """Ranked files for a text, and excerpts of the best that fit into `tokens`.

    `first` are paths that go before all others; `ignore` patterns are never shown, nor is what
    looks like a secret. Files with less than `focus` times the best score are not excerpted.
    """
    files = [f.path for f in repo.files(tree) if not _hidden(f.path, ignore)]
    shown = set(files)
    hits = [hit for hit in index.search(tree, text, MOST_HITS) if hit.path in shown]
    named = [Hit(path, hits[0].score if hits else 1.0, ("named",)) for path in first]
    order = [*(h for h in named if h.path in shown), *(h for h in hits if h.path not in set(first))]
    order += _rest(files, order)
    least = focus * order[0].score if order else 0.0
    near = [hit for hit in order if hit.score >= least]
    excerpts = _pack(repo, tree, near, tokens * CHARACTERS_PER_TOKEN)
    return Context(tuple(order), excerpts, _listing(files, [hit.path for hit in order]))


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


def _rest(files: Sequence[str], ranked: Sequence[Hit]) -> list[Hit]:
    """The files of a small repository that no word led to, code first: they may be meant."""
    if len(files) > FEW_FILES:
        return []
    found = {hit.path for hit in ranked}
    left = sorted((path for path in files if path not in found), key=lambda p: (is_test(p), p))
    return [Hit(path, 0.0, ("rest",)) for path in left]


def _pack(repo: Repo, tree: str, hits: Iterable[Hit], characters: int) -> tuple[Excerpt, ...]:
    """Whole files while they are small, else the spans around the hits, best first."""
    left, packed = characters, []
    for hit in hits:
        file = repo.file(tree, hit.path)
        if file is None or b"\0" in file.data:
            continue
        text = file.data.decode(errors="replace")
        if len(text) <= left * WHOLE_SHARE or len(text) <= left < characters / 2:
            excerpt = Excerpt(hit.path, text, whole=True)
        else:
            excerpt = _cut(hit, text)
        if excerpt.text and len(excerpt.text) <= left:
            packed.append(excerpt)
            left -= len(excerpt.text) + len(hit.path)
    return tuple(packed)


def _cut(hit: Hit, text: str) -> Excerpt:
    lines = text.splitlines(keepends=True)
    spans = hit.spans or (Span(1, min(len(lines), 60)),)
    parts = ["".join(lines[span.start - 1 : span.end]) for span in spans]
    return Excerpt(hit.path, "".join(parts), whole=False, spans=spans)


def _listing(files: Sequence[str], ranked: Sequence[str]) -> tuple[str, ...]:
    """All paths of a small repository, else the best ranked."""
    return tuple(files) if len(files) <= LISTED else tuple(sorted(ranked[:LISTED]))
