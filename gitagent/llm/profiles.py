"""From a model's name to what the pipeline must know of it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from importlib import resources
from typing import Any

from gitagent.config import ModelRow
from gitagent.ports import ModelProfile

WEAK_BELOW_BILLIONS = 10.0


def profile(name: str, provider: str, rows: Sequence[ModelRow] = ()) -> ModelProfile:
    """The row that fits the name; what the user's own `rows` say goes before it."""
    known = _row(name)
    weak = known.pop("weak", None)
    small = _billions(name) < WEAK_BELOW_BILLIONS
    if small and weak is None:
        known["edit_format"] = "whole"
    found = ModelProfile(
        name=name, provider=provider, weak=small if weak is None else weak, **known
    )
    for row in rows:
        if row.name in (name, f"{provider}/{name}"):
            own = {k: v for k, v in dataclasses.asdict(row).items() if v not in (None, "")}
            found = dataclasses.replace(found, **{**own, "name": name})
    return found


def _row(name: str) -> dict[str, Any]:
    import tomllib

    bare = name.rpartition("/")[2].lower()
    table = tomllib.loads(resources.files("gitagent.llm").joinpath("models.toml").read_text())
    row = next(row for row in table["model"] if fnmatchcase(bare, row["match"]))
    return {key: value for key, value in row.items() if key != "match"}


def _billions(name: str) -> float:
    """Parameters, where the name says so (`qwen2.5-coder:7b`)."""
    sizes = re.findall(r"(?<![\w.])(\d+(?:\.\d+)?)b(?![a-z0-9])", name.lower())
    return float(sizes[-1]) if sizes else float("inf")
