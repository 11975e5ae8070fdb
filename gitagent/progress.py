"""What a run tells whoever watches: one frozen value a piece of news, and no terminal in sight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Stage = Literal["task", "context", "plan", "model", "edits", "gate", "commit", "deliver", "ask"]


@dataclass(frozen=True)
class News:
    """One line. `passing` news is replaced by what follows; a `warning` wants attention."""

    stage: Stage
    text: str
    passing: bool = False
    warning: bool = False


Tell = Callable[[News], None]
