"""Whether a name fits one of many patterns: most of them are an ending, a beginning or the name
itself, and to compile them all into one regular expression takes longer than a search."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate
from functools import cached_property

_WILD = re.compile(r"[*?\[]")


class Patterns:
    """Patterns as `fnmatch` has them, where case counts."""

    def __init__(self, patterns: Iterable[str]) -> None:
        all_ = list(patterns)
        self._whole = frozenset(each for each in all_ if not _WILD.search(each))
        ends = [each for each in all_ if each[:1] == "*" and not _WILD.search(each[1:])]
        begins = [each for each in all_ if each[-1:] == "*" and not _WILD.search(each[:-1])]
        self._ends = tuple(each[1:] for each in ends)
        self._begins = tuple(each[:-1] for each in begins)
        self._others = [e for e in all_ if e not in {*self._whole, *ends, *begins}]

    def fit(self, name: str) -> bool:
        """Whether one of them fits."""
        if name in self._whole or name.endswith(self._ends) or name.startswith(self._begins):
            return True
        return bool(self._others) and self._compiled.match(name) is not None

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile("|".join(map(translate, self._others)))
