"""How each try of a step is asked for.

A strong model is told what became of its last reply. A weak one repeats its mistake when it sees
it, so it is mostly asked anew, in other words and with more chance; its prompt stays the same up
to the last lines, which a server with a prompt cache does not read twice. The words and their
order were chosen by trying them on small repositories with Qwen2.5-Coder-1.5B.
"""

from __future__ import annotations

from dataclasses import dataclass

from gitagent.domain.edit import EditFormat

WARMER_BY = 0.3
WARMEST = 0.9


@dataclass(frozen=True)
class Asking:
    """The prompt that closes the question, the temperature, and whether the last exchange is left
    out."""

    closing: str
    temperature: float
    anew: bool


WEAK = (
    Asking("closing_weak_code", 0.0, anew=True),
    Asking("closing_weak_two_parts", 0.4, anew=True),
    Asking("closing_weak_two_parts", 0.2, anew=False),
    Asking("closing_weak_code", 0.4, anew=True),
)


def asking(n: int, edit_format: EditFormat, *, weak: bool) -> Asking:
    """How try `n`, from 1, is asked for."""
    if weak and edit_format == "whole":
        return WEAK[(n - 1) % len(WEAK)]
    warmth = min(WARMER_BY * (n - 1), WARMEST)
    return Asking(f"closing_{edit_format}", warmth, anew=False)
