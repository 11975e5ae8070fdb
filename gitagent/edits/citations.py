"""The places in the code that an answer names, held against the tree: none that is not there.

A model cites from memory as easily as from what it was shown. What can be checked is checked: the
file, and that it has so many lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gitagent.domain.ask import Source
from gitagent.domain.context import Span
from gitagent.edits.languages import EXTENSIONS
from gitagent.edits.mentions import meant

MARK = " [not there]"

_CITED = re.compile(
    r"(?<![\w/.@:+-])(?P<path>[^\s:`\"'()\[\]{}<>|,;*#]{1,300})(?P<shut>`?)"
    r"(?::|#|,? \(?(?=lines? \d))(?P<word>lines? )?L?(?P<start>\d{1,9})"
    r"(?:(?:-|–|\.\.|, ?L?(?=\d+-))L?(?P<end>\d{1,9}))?(?![\w.]*[/@\w])"
)
_SPOKEN = re.compile(
    r"\blines? (?P<start>\d{1,9})(?: ?(?:-|–|to|and) ?(?P<end>\d{1,9}))? (?:of|in) (?:the file )?`?"
    r"(?P<path>[^\s:`\"'()\[\]{}<>|,;*#]{1,300}[^\s:`\"'()\[\]{}<>|,;*#.!?])`?"
)
"""As people say it: `line 3 of a.py`."""


@dataclass(frozen=True)
class Cited:
    """A text whose places were checked: what is there, what is not, and the text that says so."""

    text: str
    sources: tuple[Source, ...]
    unfound: tuple[str, ...]


def checked(
    text: str,
    paths: Sequence[str],
    lines: Callable[[str], int],
    shown: Callable[[str, Span], bool],
) -> Cited:
    """The places that a text names, each once, in order; one that does not exist is marked.

    `paths` are those that may be cited, `lines` how many lines one of them has, `shown` whether
    a model has seen all of these lines.
    """
    known = frozenset(paths)
    sources: dict[Source, None] = {}
    unfound: dict[str, None] = {}

    def judged(found: re.Match[str]) -> str:
        named, start = found["path"], int(found["start"])
        end = int(found["end"] or start)
        path = named if named in known else meant(named, paths)
        if path and 1 <= start <= end <= lines(path):
            span = Span(start, end)
            sources.setdefault(Source(path, span, shown(path, span)))
            return found[0]
        if not path and not _is_meant_as_path(named):
            return found[0]
        unfound.setdefault(f"{named}:{start}" + (f"-{end}" if end != start else ""))
        # an answer that was made from marked notes has the mark already
        known_wrong = found.string.startswith(MARK, found.end())
        return found[0] if known_wrong else f"{found[0]}{MARK}"

    marked = _SPOKEN.sub(judged, _CITED.sub(judged, text))
    return Cited(marked, tuple(sources), tuple(unfound))


def _is_meant_as_path(name: str) -> bool:
    """Not the host of an address, nor a time of the day."""
    if "//" in name:
        return False
    _, dot, extension = name.rpartition(".")
    return bool(dot) and extension.lower() in EXTENSIONS
