"""A folder of a tree, as a map shows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Folder:
    """`path` is empty for the whole tree, `tree` its id; `files` and `size` (in bytes) count what
    is in it at any depth. `names` are the main definitions, `summary` what a model said of it,
    empty where none was asked.
    """

    path: str
    tree: str
    files: int
    size: int
    names: tuple[str, ...] = ()
    summary: str = ""

    @property
    def depth(self) -> int:
        return self.path.count("/") + 1 if self.path else 0

    def within(self, other: Folder) -> bool:
        """Whether it lies in another, at any depth."""
        return self != other and (not other.path or self.path.startswith(f"{other.path}/"))
