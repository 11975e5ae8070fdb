"""Whether a text that grows has begun to say the same over and over.

A small model that has lost its way writes until it is stopped: the same lines again, or the same
but for a number that counts up.
"""

from __future__ import annotations

import re

SEEN = 900
"""Characters at the end that are looked at."""
TIMES = 4
"""As often stands the same there, at least."""
EVERY = 60
"""New characters from one look to the next."""

NUMBERS = re.compile(r"\d+")
BLANKS = re.compile(r"\s+")


class Loops:
    """Looks at the end of a text, which is added piece by piece."""

    def __init__(self) -> None:
        self._end = ""
        self._new = 0

    def add(self, text: str) -> bool:
        """Whether what there is now ends in one thing, said TIMES times or more."""
        self._end = (self._end + text)[-2 * SEEN :]
        self._new += len(text)
        if self._new < EVERY or len(self._end) < SEEN:
            return False
        self._new = 0
        same = BLANKS.sub(" ", NUMBERS.sub("0", self._end))[-SEEN:]
        return _period(same) * TIMES <= max(len(same), TIMES)


def _period(text: str) -> int:
    """Characters after which all of the text repeats itself; its length where it never does.

    By the longest border of the text (Knuth, Morris and Pratt's failure function).
    """
    borders = [0] * len(text)
    border = 0
    for n in range(1, len(text)):
        while border and text[n] != text[border]:
            border = borders[border - 1]
        border += text[n] == text[border]
        borders[n] = border
    return len(text) - (borders[-1] if borders else 0)
