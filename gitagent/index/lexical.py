"""Ranks the files of a tree by the words, identifiers and paths of a text, without any store.

One pass over the bytes of each file: the words of the query are counted as substrings, which
splits identifiers for free and is fast enough to need no index. BM25 after Robertson and Zaragoza,
"The Probabilistic Relevance Framework" (2009), with the byte length as the document's length.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from gitagent.domain.code import Definition
from gitagent.domain.context import Hit, Span, is_test
from gitagent.index.facts import facts_of
from gitagent.index.languages import language_of
from gitagent.ports import Repo, TreeFile

K1, B = 1.2, 0.75
PATH_WEIGHT, DEFINITION_WEIGHT = 1.5, 2.0
LARGEST_FILE = 512 * 1024
SNIFFED = 8000
SPAN_MARGIN, MOST_SPANS = 6, 6
MOST_TERMS = 40
TEST_WEIGHT, PROSE_WEIGHT = 0.6, 0.6
PROSE = (".md", ".rst", ".txt", ".lock", ".json", ".toml", ".yml", ".yaml", ".cfg", ".ini")

DEFINES = rb"(?:\b(?:def|class|fn|func|function|defmodule|defp?|struct|enum|trait|interface|type|"
DEFINES += rb"const|let|var|impl|module)\s+(?:\([^)]*\)\s*)?|^)"

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")
PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@dataclass(frozen=True)
class Query:
    """`terms` in lower case; `names` are whole identifiers; `paths` look like ones."""

    terms: tuple[bytes, ...]
    names: tuple[bytes, ...]
    paths: tuple[str, ...]


class LexicalIndex:
    """Implements ports.Index; keeps the texts it has read for the length of one command."""

    def __init__(self, repo: Repo) -> None:
        self._repo = repo
        self._texts: dict[str, bytes] = {}
        self._outlines: dict[tuple[str, bytes], Sequence[Definition]] = {}

    def search(self, tree: str, query: str, limit: int) -> Sequence[Hit]:
        asked = parse(query)
        files = [f for f in self._repo.files(tree) if _searchable(f)]
        texts = {f.path: self._text(f.blob) for f in files}
        scores = _rank({path: text for path, text in texts.items() if text is not None}, asked)
        best = sorted(scores, key=lambda path: (-scores[path][0], path))[:limit]
        return [
            Hit(path, round(scores[path][0], 4), scores[path][1], _spans(texts[path] or b"", asked))
            for path in best
        ]

    def outline(self, tree: str, path: str) -> Sequence[Definition]:
        file = self._repo.file(tree, path)
        if file is None or len(file.data) > LARGEST_FILE:
            return ()
        key = (path, file.data)
        if key not in self._outlines:
            self._outlines[key] = [
                Definition(path, d.name, d.kind, Span(d.line, d.end), d.signature, d.scope)
                for d in facts_of(language_of(path), file.data).defs
            ]
        return self._outlines[key]

    def _text(self, blob: str) -> bytes | None:
        """The bytes of a text file; None for a binary one."""
        if blob not in self._texts:
            self._texts[blob] = self._repo.read(blob)
        data = self._texts[blob]
        return None if b"\0" in data[:SNIFFED] else data


def parse(text: str) -> Query:
    """The words of a text that are worth looking for."""
    words = list(dict.fromkeys(WORD.findall(text)))
    names = [w for w in words if "_" in w.strip("_") or PARTS.sub("", w) or _mixed(w)]
    parts = [part.lower() for w in words for part in [w, *PARTS.findall(w)]]
    stop = _stop_words()
    terms = [p for p in dict.fromkeys(map(_stem, parts)) if len(p) > 2 and p not in stop]
    quoted = re.findall(r"`([A-Za-z_][A-Za-z0-9_]*)`", text)
    paths = re.findall(r"[\w./-]+/[\w./-]+|[\w-]+\.\w{1,5}\b", text)
    return Query(
        tuple(t.encode() for t in terms[:MOST_TERMS]),
        tuple(n.encode() for n in dict.fromkeys([*quoted, *names])),
        tuple(paths),
    )


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(
        resources.files("gitagent.index").joinpath("stop_words.txt").read_text().split()
    )


def _mixed(word: str) -> bool:
    return any(c.isupper() for c in word[1:]) and any(c.islower() for c in word)


def _stem(word: str) -> str:
    for ending in ("ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _searchable(file: TreeFile) -> bool:
    return file.mode in (0o100644, 0o100755) and file.size <= LARGEST_FILE


def _rank(texts: dict[str, bytes], query: Query) -> dict[str, tuple[float, tuple[str, ...]]]:
    lowered = {path: text.lower() for path, text in texts.items()}
    counts = {path: [text.count(t) for t in query.terms] for path, text in lowered.items()}
    idf = _idf(counts, len(query.terms))
    average = sum(map(len, texts.values())) / max(len(texts), 1) or 1.0
    definitions = _definitions(query.names)
    named = {path for path, text in texts.items() if any(name in text for name in query.names)}
    ranked = {}
    for path, text in texts.items():
        scores = {
            "text": _bm25(counts[path], idf, len(text) / average),
            "path": PATH_WEIGHT * _path_score(path, query, idf),
            "symbol": DEFINITION_WEIGHT * _defined(text, definitions) if path in named else 0.0,
        }
        if total := sum(scores.values()) * _weight(path):
            ranked[path] = (total, tuple(name for name, score in scores.items() if score))
    return ranked


def _weight(path: str) -> float:
    """Tests speak in the words of a task as much as the code they test, which is what changes."""
    if is_test(path):
        return TEST_WEIGHT
    return PROSE_WEIGHT if path.endswith(PROSE) else 1.0


def _idf(counts: dict[str, list[int]], terms: int) -> list[float]:
    n = len(counts)
    found = [sum(1 for row in counts.values() if row[i]) for i in range(terms)]
    return [math.log(1 + (n - df + 0.5) / (df + 0.5)) for df in found]


def _bm25(counts: list[int], idf: list[float], length: float) -> float:
    norm = K1 * (1 - B + B * length)
    return sum(w * c * (K1 + 1) / (c + norm) for c, w in zip(counts, idf, strict=True) if c)


def _path_score(path: str, query: Query, idf: list[float]) -> float:
    lowered = path.lower().encode(errors="surrogateescape")
    words = sum(w for t, w in zip(query.terms, idf, strict=True) if t in lowered)
    named = any(path == p or path.endswith("/" + p) for p in query.paths)
    return words + (20.0 if named else 0.0)


def _definitions(names: Sequence[bytes]) -> re.Pattern[bytes] | None:
    if not names:
        return None
    return re.compile(DEFINES + rb"(" + rb"|".join(map(re.escape, names)) + rb")\b", re.MULTILINE)


def _defined(text: bytes, definitions: re.Pattern[bytes] | None) -> float:
    if definitions is None:
        return 0.0
    return math.log1p(len({found.group(1) for found in definitions.finditer(text)})) * 3


def _spans(text: bytes, query: Query) -> tuple[Span, ...]:
    """The lines where most of the query stands, with a margin, merged."""
    lines = text.lower().split(b"\n")
    weights = [(sum(t in line for t in query.terms), n) for n, line in enumerate(lines, 1)]
    best = sorted(n for weight, n in sorted(weights, key=lambda w: (-w[0], w[1]))[:12] if weight)
    spans: list[Span] = []
    for n in best:
        start, end = max(1, n - SPAN_MARGIN), min(len(lines), n + SPAN_MARGIN)
        if spans and start <= spans[-1].end + 1:
            spans[-1] = Span(spans[-1].start, end)
        else:
            spans.append(Span(start, end))
    return tuple(spans[:MOST_SPANS])
