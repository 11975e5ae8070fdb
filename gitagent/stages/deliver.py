"""Hands the branch over: as it is, or as patch files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gitagent.domain.rules import Delivery
from gitagent.domain.task import TaskState


def deliver(
    state: TaskState, kind: Delivery, write_patches: Callable[[str, str], list[Path]]
) -> dict[str, Any]:
    """What was handed over. `write_patches` takes base and head and gives the files it wrote."""
    delivery: dict[str, Any] = {"kind": kind, "branch": state.task.branch, "commit": state.head}
    if kind == "patch":
        delivery["patches"] = [str(p) for p in write_patches(state.task.base, state.head)]
    return delivery
