"""Values as JSON and back, the same for every fact that is kept."""

from __future__ import annotations

from typing import Any, TypeVar

from gitagent.errors import Conflict

T = TypeVar("T")


def to_json(value: Any) -> bytes:
    """Indented JSON; what is not UTF-8 in it is escaped."""
    import msgspec

    return msgspec.json.format(to_line(value), indent=1)


def to_line(value: Any) -> bytes:
    """As `to_json`, on one line."""
    import msgspec

    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_encodable(msgspec.to_builtins(value)))


def from_json(data: bytes, kind: type[T]) -> T:
    """The value that `to_json` wrote; Conflict where it is not of this kind."""
    import msgspec

    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Conflict(f"The state of this task cannot be read: {error}.") from error


def _encodable(value: Any) -> Any:
    """Lone surrogates stand for bytes that are not UTF-8; JSON cannot carry them."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encodable(item) for item in value]
    return value
