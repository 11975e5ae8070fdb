"""Lines that say what no block can: delete, rename, make executable.

The words are ours, shown to the model in the prompt. A line counts only where its arguments look
like paths, so that prose about an HTTP `DELETE: removes the row` stays prose.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from gitagent.domain.edit import DeleteFile, Edit, RenameFile, SetExecutable
from gitagent.edits import naming

_DIRECTIVE = re.compile(
    r"[ \t]*(?:[-*+]\s+|#{1,6}\s+)?[*_`]*(?P<word>DELETE|RENAME|EXECUTABLE)"
    r"(?: FILE)?[*_`]*:[*_`]*\s*(?P<rest>.+?)\s*\Z"
)
_ARROW = re.compile(r"\s+(?:->|=>|→|to)\s+|\s*(?:->|→)\s*")
_LONGEST = 10_000


def read(line: str, known: Collection[str]) -> Edit | None:
    """The edit that `line` orders, or None where it is no directive."""
    found = _DIRECTIVE.match(line) if len(line) < _LONGEST else None
    if found is None:
        return None
    if found["word"] == "RENAME":
        return _rename(found["rest"], known)
    path = naming.on_line(found["rest"], known)
    if path is None:
        return None
    return DeleteFile(path) if found["word"] == "DELETE" else SetExecutable(path, True)


def _rename(rest: str, known: Collection[str]) -> RenameFile | None:
    parts = _ARROW.split(rest.strip("`*"))
    if len(parts) != 2:
        return None
    old, new = (naming.on_line(part.strip(" `*"), known) for part in parts)
    return RenameFile(old, new) if old and new else None
