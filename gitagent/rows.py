"""What the user's file says of endpoints and of models: the rows of its tables.

A row holds only what was written; what it leaves out is known from elsewhere.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from gitagent.domain.form import EditFormat
from gitagent.errors import ConfigError
from gitagent.scalars import check_choice, scalar

EDIT_FORMATS: tuple[str, ...] = get_args(EditFormat)
CACHES = ("auto", "marks")
BEST_SCORE = 100.0


@dataclass(frozen=True)
class Provider:
    """An OpenAI-compatible endpoint; the key is read from the environment name `key_env`."""

    name: str
    base_url: str
    key_env: str = ""
    model: str = ""


@dataclass(frozen=True)
class ScoreRow:
    """How good the user holds a model to be at each job, 0 to 100."""

    plan: float | None = None
    code: float | None = None
    repair: float | None = None
    ask: float | None = None
    review: float | None = None


@dataclass(frozen=True)
class ModelRow:
    """What the user knows better of one model; None and empty are left to the shipped table.

    Tokens for window and max_output, USD per million tokens for prices.
    """

    name: str
    window: int | None = None
    max_output: int | None = None
    edit_format: str = ""
    weak: bool | None = None
    input_price: float | None = None
    output_price: float | None = None
    cached_price: float | None = None
    takes_temperature: bool | None = None
    takes_schema: bool | None = None
    takes_tools: bool | None = None
    cache: str = ""
    first_token_s: float | None = None
    tokens_per_s: float | None = None
    takes_n: int | None = None
    candidates: int | None = None
    scores: ScoreRow = ScoreRow()


def rows_of(value: Any, kind: type, where: str) -> tuple[Any, ...]:
    """The tables of `providers` or `models` as rows of `kind`.

    Raises ConfigError, which names the row and the setting, where one is not of its kind.
    """
    names = {f.name for f in dataclasses.fields(kind)} - {"name"}
    if not isinstance(value, dict) or not all(isinstance(row, dict) for row in value.values()):
        raise ConfigError(f"{where} must be tables, each with some of: {', '.join(sorted(names))}.")
    return tuple(_row(name, row, kind, f"{where}: `{name}`") for name, row in value.items())


def _row(name: str, row: Mapping[str, Any], kind: type, where: str) -> Any:
    try:
        return kind(name=name, **_checked(_values(row, kind, where), where))
    except TypeError as error:
        raise ConfigError(f"{where} is not complete: {error}.") from error


def _values(row: Mapping[str, Any], kind: type, where: str) -> dict[str, Any]:
    hints = get_type_hints(kind)
    if unknown := sorted(set(row) - (set(hints) - {"name"})):
        raise ConfigError(f"{where} has no setting `{unknown[0]}`.")
    return {key: _value(value, hints[key], f"{where}.{key}") for key, value in row.items()}


def _value(value: Any, hint: Any, where: str) -> Any:
    if hint is not ScoreRow:
        return scalar(value, (get_args(hint) or (hint,))[0], where)
    if not isinstance(value, dict):
        raise ConfigError(f"{where} must be a table with some of: {', '.join(_JOBS)}.")
    scores = _values(value, ScoreRow, where)
    for job, score in scores.items():
        if score > BEST_SCORE:
            raise ConfigError(f"{where}.{job} must be from 0 to 100, not {score:g}.")
    return ScoreRow(**scores)


def _checked(values: dict[str, Any], where: str) -> dict[str, Any]:
    check_choice(values.get("edit_format", ""), ("", *EDIT_FORMATS), f"{where}.edit_format")
    check_choice(values.get("cache", ""), ("", *CACHES), f"{where}.cache")
    if not re.fullmatch(r"|[A-Za-z_]\w*", values.get("key_env", "")):
        # not shown: somebody has put the key itself there
        raise ConfigError(f"{where}.key_env must be the name of an environment variable.")
    for key in ("window", "max_output", "candidates"):
        if values.get(key) == 0:
            raise ConfigError(f"{where}.{key} must be more than 0.")
    return values


_JOBS = tuple(f.name for f in dataclasses.fields(ScoreRow))
