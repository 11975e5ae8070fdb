"""What shapes a run besides its task, as values that can be kept and looked at later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gitagent.domain.edit import EditFormat

PlanMode = Literal["auto", "always", "never"]
Delivery = Literal["branch", "patch"]


@dataclass(frozen=True)
class Rules:
    """The settings of one run; `attempts` are tries of one step, `candidates` the proposals of one
    try, `rounds` how often the planner, and the model that writes a step, may ask to see more.
    `to_the_end` says that what is half done is tried again; logs of older runs have none of it.
    `ladder` are the models (PROVIDER/NAME) that may repair, each better at it than the one before.
    `hurry_s` are the seconds that one of several candidates has at the gate at least, at first; 0
    is as long as any. `round_tokens` is about what the candidates of one try write together, as far
    as the answers of the try before tell; 0 is any length.
    """

    plan: PlanMode
    max_steps: int
    attempts: int
    edit_format: EditFormat
    context_tokens: int
    ignore: tuple[str, ...]
    allow: tuple[str, ...]
    deliver: Delivery
    rounds: int = 0
    candidates: int = 1
    to_the_end: bool = False
    ladder: tuple[str, ...] = ()
    hurry_s: float = 0.0
    round_tokens: int = 0


@dataclass(frozen=True)
class Settings:
    """The rules of a run and what its prompts had to fit into; window and reply in tokens.

    `weak_planner` says so of the model that plans; None where it is the same one, `takes_n` is
    how many answers one request may ask for. They are kept for a replay. No later run obeys them: a
    task's log may come from anywhere.
    """

    rules: Rules
    window: int
    max_output: int
    weak: bool
    weak_planner: bool | None = None
    takes_n: int = 0
