"""How a task is cut into steps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlanStep:
    """One commit to be: `title` is its subject line, `detail` what the model is told to do."""

    n: int
    title: str
    detail: str
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The steps in order; `planned` is False where no model was asked for a plan."""

    steps: tuple[PlanStep, ...]
    planned: bool = False
