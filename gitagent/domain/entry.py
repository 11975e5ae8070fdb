"""What a tree of git lists; apart, since every command walks one, and few need the Protocols."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TreeFile:
    """One entry of a tree, at any depth: its path, blob id, git mode and size in bytes.

    The size of a gitlink is 0.
    """

    path: str
    blob: str
    mode: int
    size: int
