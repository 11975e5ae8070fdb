"""The baseline: BM25 over whole files, and the first of them in a prompt, whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.util import find_spec

from gitagent.domain.context import Excerpt, is_test
from gitagent.git.repository import GitRepo

LARGEST, SNIFFED = 1024 * 1024, 8000
PATH_COUNT = 5
"""How often a word of the path counts as if it stood in the text."""
K1, B = 1.5, 0.75
MOST = 300
PROSE = (".md", ".rst", ".txt", ".lock", ".json", ".toml", ".yml", ".yaml", ".cfg", ".ini")
REGULAR = (0o100644, 0o100755)

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\d{2,}")
WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_IDLE = """
    about above after again all also an and any are as at be because been before being below
    between both but by can could did do does doing done each few for from further had has have
    having he her here hers him his how if in into is it its itself just like made make makes
    many may me might more most much must my no nor not now of off on once one only or other our
    out over own per same see she should so some such than that the their them then there these
    they this those through to too under until up use used uses using very via was we were what
    when where which while who whom why will with within without would you your add added adds
    allow allows change changed changes fix fixed fixes improve improved new remove removed
    removes support update updated updates instead
"""
IDLE = frozenset(_IDLE.split())


class WholeFiles:
    """Ranks the text files of trees; the words of a blob are kept while trees have it."""

    def __init__(self, repo: GitRepo) -> None:
        self._repo = repo
        self._words: dict[str, list[str] | None] = {}

    @staticmethod
    def there() -> bool:
        return find_spec("bm25s") is not None

    def ranked(self, tree: str, query: str) -> list[str]:
        """Paths, best first; none without a word of the query."""
        import bm25s  # type: ignore[import-not-found,unused-ignore]

        kept: dict[str, list[str] | None] = {}
        paths, documents = [], []
        for file in self._repo.files(tree):
            if file.mode not in REGULAR or file.size > LARGEST:
                continue
            known = file.blob in self._words
            kept[file.blob] = self._words[file.blob] if known else self._read(file.blob)
            if (found := kept[file.blob]) is not None:
                paths.append(file.path)
                documents.append(found + words(file.path) * PATH_COUNT)
        self._words = kept
        model = bm25s.BM25(k1=K1, b=B)
        model.index(documents, show_progress=False)
        asked = words(query)
        if not any(word in model.vocab_dict for word in asked):
            return []
        ids, scores = model.retrieve([asked], k=min(MOST, len(paths)), show_progress=False)
        return [paths[n] for n, score in zip(ids[0], scores[0], strict=True) if score > 0]

    def packed(
        self, tree: str, ranked: Sequence[str], room: int, *, filled: bool, code: bool = False
    ) -> list[Excerpt]:
        """The first files until one does not fit; `filled`: then the next that do; `code`: neither
        tests nor prose."""
        found: list[Excerpt] = []
        for path in ranked:
            if code and (is_test(path) or path.endswith(PROSE)):
                continue
            file = self._repo.file(tree, path)
            text = file.data.decode(errors="replace") if file else ""
            if len(text) + len(path) <= room:
                found.append(Excerpt(path, text, whole=True))
                room -= len(text) + len(path)
            elif not filled:
                break
        return found

    def _read(self, blob: str) -> list[str] | None:
        data = self._repo.read(blob)
        return None if b"\0" in data[:SNIFFED] else words(data.decode(errors="replace"))


def words(text: str) -> list[str]:
    """The words of all names, in lower case, and names of several words once more as one."""
    found: list[str] = []
    for name in NAME.findall(text):
        parts = [part.lower() for part in WORDS.findall(name)]
        found += [part for part in parts if len(part) > 1 and part not in IDLE]
        found += [name.strip("_").lower()] if len(parts) > 1 else []
    return found
