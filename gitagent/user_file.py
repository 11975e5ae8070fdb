"""The user's own gitagent.toml, changed as a careful person would: comments and order stay.

What was written is read back and compared before anything is replaced, so that no oddity of a
file's layout can cost a setting.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gitagent.errors import ConfigError, Conflict, UsageError
from gitagent.rows import ModelRow, rows_of

Rows = Mapping[str, Mapping[str, Any]]
"""Settings by their names, of rows by theirs."""


def read(place: Path) -> str:
    """The file's text, line ends as they are; empty where there is none."""
    try:
        return place.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{place} cannot be read: {error}.") from error


def with_rows(text: str, rows: Rows) -> str:
    """The text with these settings of `[models."NAME"]` tables; nothing else of it changes.

    Raises ConfigError where the text cannot be changed so, or a setting is not of its kind.
    """
    wanted = tomllib.loads(text)
    rows = _changing(wanted.get("models", {}), rows)
    if not rows:
        return text
    there = set(wanted.get("models", {}))
    for name, fields in rows.items():
        wanted.setdefault("models", {}).setdefault(name, {}).update(fields)
    rows_of(wanted["models"], ModelRow, "models")
    changed = _edited(text, {name: fields for name, fields in rows.items() if name in there})
    added = {name: fields for name, fields in rows.items() if name not in there}
    for way in (_appended, _edited):
        found = _same_ends(text, way(changed, added))
        with contextlib.suppress(tomllib.TOMLDecodeError):
            if tomllib.loads(found) == wanted:
                return found
    raise ConfigError(
        "Your gitagent.toml is laid out in a way that cannot be changed without loss.",
        hint='Write its models as one table each, [models."NAME"].',
    )


def replace(place: Path, old: str, new: str) -> None:
    """Put a new text in the place of the old one, at once or not at all.

    Where the file is a link, what it leads to is replaced; its mode stays. Raises Conflict where
    somebody has changed the file meanwhile, UsageError where it cannot be written.
    """
    real = Path(os.path.realpath(place))
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        _replaced(real, old, new)
    except OSError as error:
        raise UsageError(f"{place} cannot be written: {error}.") from error


def _replaced(real: Path, old: str, new: str) -> None:
    mode = real.stat().st_mode & 0o7777 if real.exists() else 0o600
    number, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(new.encode())
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        if read(real) != old:
            raise Conflict(f"{real} has changed meanwhile; it was left as it is.")
        Path(name).replace(real)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _changing(there: Rows, rows: Rows) -> Rows:
    """What is not said already, so that nothing is written anew in another form."""
    changes = {
        name: {k: v for k, v in fields.items() if there.get(name, {}).get(k) != v}
        for name, fields in rows.items()
    }
    return {name: fields for name, fields in changes.items() if fields}


def _edited(text: str, rows: Rows) -> str:
    """In the place where `models` stands; empty where it cannot be taken apart."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
        for name, fields in rows.items():
            models: Any = document["models"]
            if name not in models:
                models[name] = tomlkit.inline_table()
            models[name].update(fields)
        return tomlkit.dumps(document)
    except (TOMLKitError, ValueError):
        return ""


def _appended(text: str, rows: Rows) -> str:
    """As further tables behind the last line, where no comment of another table is torn off."""
    import tomlkit

    if not rows:
        return text
    tables = tomlkit.document()
    tables["models"] = {name: dict(fields) for name, fields in rows.items()}
    before = f"{text.rstrip()}\n\n" if text.strip() else ""
    return f"{before}{tomlkit.dumps(tables).rstrip()}\n"


def _same_ends(text: str, changed: str) -> str:
    return re.sub(r"(?<!\r)\n", "\r\n", changed) if "\r\n" in text else changed
