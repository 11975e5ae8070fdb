"""One value out of a file, git's configuration or a variable: its kind, bounds, what is wrong.

Text is read as the kind that a setting has, because git and the environment know nothing else.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

from gitagent.errors import ConfigError

TRUTHS = {"true": True, "yes": True, "on": True, "1": True}
TRUTHS |= {"false": False, "no": False, "off": False, "0": False}

_WANTED = {
    int: "a whole number, 0 or more",
    float: "a number, 0 or more",
    bool: "true or false",
    str: "a text",
}


def scalar(value: Any, kind: type, where: str) -> Any:
    """The value as its kind: int, float (0 or more, finite), bool or str.

    Raises ConfigError, which begins with `where`, for anything else.
    """
    if type(value) is kind and kind in (str, bool):
        return value
    if kind is bool and isinstance(value, str) and value.strip().lower() in TRUTHS:
        return TRUTHS[value.strip().lower()]
    with suppress(TypeError, ValueError, OverflowError):
        if kind in (int, float) and not isinstance(value, bool):
            number = kind(value)
            # a fraction is no whole number, and an endless one fits no clock
            if 0 <= number < math.inf and not (kind is int and number != float(value)):
                return number
    raise ConfigError(f"{where} must be {_WANTED[kind]}, not {value!r}.")


def check_choice(value: Any, one_of: tuple[str, ...], where: str) -> None:
    """Raises ConfigError where a value is none of those that there are; empty allows all."""
    if one_of and value not in one_of:
        raise ConfigError(f"{where} must be one of {', '.join(one_of)}, not {value!r}.")
