"""The numbers of the search, in one table, with what each of them says.

They were chosen on tasks of thirteen repositories in five languages. Fits on twelve of them give
weights within about a third of these; the optimum is flat, so none has more than two digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from gitagent.errors import ConfigError

SUBJECT = 2.0
"""Weight of a word in the first line of a task."""
BODY = 1.0
"""Weight of a word in the rest of it."""

K1 = 2.0
"""How slowly more of the same word adds less (BM25), in files and in windows."""
B = 0.75
"""How much a long file or window is held against its words (BM25)."""
PATH_COUNT = 3
"""How often a word of the path counts as if it stood in the text."""

WINDOWED = 150
"""Files whose windows are looked at; the best by all other prongs."""

CODE_NAME = 1.0
"""Weight of a name that is written as code is."""
PLAIN_NAME = 0.5
"""Weight of a plain word that is a name somewhere."""
JOINED_NAME = 0.4
"""Weight of a name made of two or three neighbouring words."""
DEFINED, USED = 0.15, 0.5
"""What it says for a file that it defines a name of the task, and that it uses one."""

MESSAGE_K1, MESSAGE_B = 1.2, 0.4
"""BM25 of commit messages, which are short: their length says less."""
MESSAGE_HALF_LIFE = 365.0
"""Days after which a commit that reads like the task counts half."""
MESSAGES = 20
"""Commits that read most like the task, whose files are taken."""
ALL_MESSAGES = 200
"""The same without regard to age, for the tail of the ranking."""
LARGEST_TOLD = 30
"""Files that a commit may touch and still say something of each of them."""

SEEDS = 8
"""Files, best by the other prongs, whose companions are looked for."""
COMPANION_HALF_LIFE = 730.0
"""Days after which a change that two files had in common counts half."""
COMPANION_DOUBT = 3.0
"""Changes, never seen, that a file is taken to have had alone: few changes prove little."""
LARGEST_SHARED = 20
"""Files that a commit may touch and still say that they belong together."""

BEND = 0.8
"""Power of a score, its best being 1: below 1, the second best are nearer to the best."""
WEIGHTS: Mapping[str, float] = MappingProxyType(
    {
        "text": 1.0,
        "windows": 0.85,
        "path": 0.45,
        "file name": 0.2,
        "uses": USED,
        "symbol": DEFINED,
        "commits": 0.55,
        "companions": 0.35,
        "vectors": 0.2,
        "folder": 0.5,
        "all commits": 1.0,
    }
)
"""What each prong's best file is worth, beside the best of the full text."""

NEAR = frozenset({"folder", "all commits"})
"""Prongs that reach further and aim worse; they order the tail only."""

FIRST = 3
"""Files that stay the first; those that come next are ordered anew by what is near to them too."""

TEST_WEIGHT, PROSE_WEIGHT = 0.6, 0.6
"""Tests and prose speak in the words of a task as much as the code that has to change."""


def weights(changes: Iterable[str]) -> Mapping[str, float]:
    """The weights with changes as `commits=0.8`; ConfigError where one is none."""
    found = dict(WEIGHTS)
    for change in changes:
        name, _, value = (part.strip() for part in change.partition("="))
        try:
            weight = float(value)
        except ValueError:
            weight = math.nan
        if name not in found or not 0 <= weight < math.inf:
            raise ConfigError(
                f"`{change}` in context.weights is no reason with its weight.",
                hint=f"The reasons are {', '.join(found)}; a weight is 0 or more.",
            )
        found[name] = weight
    return MappingProxyType(found)
