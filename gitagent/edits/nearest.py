"""What a file has where a search nearly fits, for the model to correct itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

_SHOWN = 12
_WIDTH = 200
_CANDIDATES = 60
_WORD = re.compile(r"\w+")


def quotation(lines: Sequence[str], search: Sequence[str]) -> str:
    """The lines of a file that are most like `search`, each with its number; at most 12."""
    if not lines:
        return "the file is empty"
    start = _likest(lines, search)
    count = min(max(len(search) + 2, 5), _SHOWN)
    first = max(min(start - 1, len(lines) - count), 0)
    return "\n".join(
        f"{n + 1}: {_cut(lines[n])}" for n in range(first, min(first + count, len(lines)))
    )


def _likest(lines: Sequence[str], search: Sequence[str]) -> int:
    """The index at which the lines are most like `search`, near enough in linear time.

    Candidates are voted for by equal lines and shared words; only the best are compared well.
    """
    wanted = [_cut(line).strip() for line in search[:200]]
    votes: Counter[int] = Counter()
    at_of: dict[str, list[int]] = {}
    words_of: dict[str, list[int]] = {}
    for n, line in enumerate(wanted):
        if len(line) > 2:
            at_of.setdefault(line, []).append(n)
            for word in set(_WORD.findall(line)):
                words_of.setdefault(word, []).append(n)
    for n, line in enumerate(lines):
        bare = _cut(line).strip()
        for at in at_of.get(bare, ())[:5]:
            votes[n - at] += 20
        for word in set(_WORD.findall(bare)):
            for at in words_of.get(word, ())[:5]:
                votes[n - at] += 1
    best = [at for at, _ in votes.most_common(_CANDIDATES) if at > -len(wanted)]
    if not best:
        return 0
    target = "\n".join(wanted[:_SHOWN])
    return max(best, key=lambda at: (_likeness(lines, max(at, 0), target), -at))


def _likeness(lines: Sequence[str], at: int, target: str) -> float:
    window = "\n".join(_cut(line).strip() for line in lines[at : at + target.count("\n") + 1])
    matcher = SequenceMatcher(None, window, target, autojunk=False)
    return matcher.quick_ratio()


def _cut(line: str) -> str:
    return line if len(line) <= _WIDTH else line[:_WIDTH] + "…"
