"""What a reader of one format found at one place of a reply."""

from __future__ import annotations

from dataclasses import dataclass

from gitagent.domain.edit import Edit


@dataclass(frozen=True)
class Found:
    """Edits and problems read up to, not including, the line with index `end`."""

    end: int
    edits: tuple[Edit, ...] = ()
    problems: tuple[str, ...] = ()
