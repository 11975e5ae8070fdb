"""The line by which a reply widens the plan: `PLAN: also path/of/file.py because …`.

It says what a reviewer would ask: why a file changes that the plan does not name. A line without a
reason, or one that names no path, widens nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from gitagent.domain.plan import Also
from gitagent.edits import naming
from gitagent.edits.text import invisible

LONGEST, LONGEST_REASON, MOST = 1000, 200, 8

_LINE = re.compile(
    r"\s*(?:[-*+>]\s+|#{1,6}\s+)?[*_`]{0,3}PLAN[*_`]{0,3}\s*:[*_`]{0,3}\s*(?:also|and|plus|add|\+)\s+"
    r"(?P<paths>.+?)[,;]?\s*(?:\b(?:because|since|as|for|so that|to)\b|[-–—:])\s+(?P<why>\S.*)",
    re.IGNORECASE,
)
_AND = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+")


def read(line: str, known: Collection[str]) -> tuple[Also, ...]:
    """The paths by which a line widens the plan, each with the reason; none where it is no such
    line."""
    found = _LINE.match(line) if len(line) <= LONGEST else None
    if found is None:
        return ()
    why = "".join(c for c in found["why"] if c.isprintable() and not invisible(c))
    why = why.strip(" `*_")[:LONGEST_REASON]
    paths = [naming.on_line(part.strip(), known) for part in _AND.split(found["paths"])[:MOST]]
    said = re.search(r"\w", why) is not None and all(paths)
    return tuple(Also(path, why) for path in paths if path) if said else ()
