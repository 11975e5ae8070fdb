"""What stands in the place of a secret, and how it is recognised.

Both forms are built of a closed set of kinds: whatever else stands in such brackets is no mark, so
that nothing is kept from us by being written into one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache

from gitagent.redaction import assignments, blocks, environment, shapes
from gitagent.redaction.spans import Span

MARK, TOKEN = "[redacted ", "REDACTED_"


def mark(kind: str) -> str:
    """`[redacted github token]`: for logs and people."""
    return f"{MARK}{kind}]"


def token(kind: str, n: int) -> str:
    """`REDACTED_GITHUB_TOKEN_1`: one word, which a model copies and any string literal can hold."""
    return f"{_stem(kind)}{n}"


def placeholders(text: str) -> frozenset[str]:
    """The numbered placeholders in a text: in a file they are what a model should have left."""
    return frozenset(tokens().findall(text)) if TOKEN in text else frozenset()


@cache
def tokens() -> re.Pattern[str]:
    """Numbered placeholders."""
    names = "|".join(_stem(kind).removeprefix(TOKEN) for kind in _kinds())
    return re.compile(f"{TOKEN}(?:{names})[0-9]+")


@cache
def _marks() -> re.Pattern[str]:
    return re.compile(rf"{re.escape(MARK)}(?:{'|'.join(_kinds())})\]")


def named(placeholder: str) -> str:
    """The mark for what a numbered placeholder stands for."""
    kind = placeholder.removeprefix(TOKEN).rpartition("_")[0]
    return mark(kind.lower().replace("_", " "))


def apart(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """Those spans of a text that have nothing in common with a placeholder in it."""
    found = list(spans)
    hidden = _standing(text) if found else []
    for span in found:
        # the first that ends behind the start of the span
        n = bisect_right(hidden, span.start, key=lambda place: place[1])
        if n == len(hidden) or span.end <= hidden[n][0]:
            yield span


def _standing(text: str) -> list[tuple[int, int]]:
    """Where placeholders of either form stand, in order."""
    return sorted(
        match.span()
        for start, pattern in ((MARK, _marks()), (TOKEN, tokens()))
        if start in text
        for match in pattern.finditer(text)
    )


def _stem(kind: str) -> str:
    return f"{TOKEN}{kind.upper().replace(' ', '_')}_"


def _kinds() -> list[str]:
    return sorted({*shapes.KINDS, *assignments.KINDS, blocks.KIND, environment.KIND})
