"""From a model's name to what the pipeline must know of it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any

from gitagent.ports import ModelProfile, Scores
from gitagent.rows import ModelRow

WEAK_BELOW_BILLIONS = 10.0
ANY = "*"


def profile(name: str, provider: str, rows: Sequence[ModelRow] = ()) -> ModelProfile:
    """The row that fits the name, with what its provider's server does; what the user's own `rows`
    say goes before it, a row with the provider in its name before one without."""
    known = {**_shipped_row(name), **_table()["provider"].get(provider, {})}
    pattern, scores = known.pop("match"), Scores(**known.pop("scores"))
    weak, several = known.pop("weak", None), known.pop("candidates", 1)
    small = _billions(name) < WEAK_BELOW_BILLIONS
    if small and weak is None:
        known["edit_format"] = "whole"
        # what nobody knows but is small is no better than what is known and small
        scores = _halved(scores) if pattern == ANY else scores
    found = ModelProfile(
        name=name,
        provider=provider,
        weak=small if weak is None else weak,
        scores=scores,
        # one that is right more often than not is not worth asking several times at once
        candidates=several if small or weak else 1,
        **known,
    )
    for row in _own(found, rows):
        found = _with(found, row)
    return found


def is_known(name: str) -> bool:
    """Whether any row but the last one, which fits all, fits the name."""
    return str(_shipped_row(name)["match"]) != ANY


def shipped() -> tuple[ModelProfile, ...]:
    """Every row of the shipped table, with its pattern for a name and no provider."""
    rows = ({**row, "scores": Scores(**row["scores"])} for row in _table()["model"])
    return tuple(ModelProfile(name=row.pop("match"), provider="", **row) for row in rows)


def _own(found: ModelProfile, rows: Sequence[ModelRow]) -> list[ModelRow]:
    own = [row for row in rows if row.name in (found.name, found.ref)]
    return sorted(own, key=lambda row: row.name == found.ref)


def _with(found: ModelProfile, row: ModelRow) -> ModelProfile:
    said = {k: v for k, v in vars(row).items() if k != "name" and v not in (None, "")}
    scores = {k: v for k, v in vars(said.pop("scores")).items() if v is not None}
    return dataclasses.replace(found, **said, scores=dataclasses.replace(found.scores, **scores))


def _shipped_row(name: str) -> dict[str, Any]:
    bare = name.rpartition("/")[2].lower().replace(":", "-")
    rows: list[dict[str, Any]] = _table()["model"]
    return dict(next(row for row in rows if fnmatchcase(bare, row["match"])))


@cache
def _table() -> Mapping[str, Any]:
    import tomllib

    return tomllib.loads(resources.files("gitagent.llm").joinpath("models.toml").read_text())


def _halved(scores: Scores) -> Scores:
    return Scores(**{job: score / 2 for job, score in vars(scores).items()})


def _billions(name: str) -> float:
    """Parameters, where the name says so (`qwen2.5-coder:7b`)."""
    sizes = re.findall(r"(?<![\w.])(\d+(?:\.\d+)?)b(?![a-z0-9])", name.lower())
    return float(sizes[-1]) if sizes else float("inf")
