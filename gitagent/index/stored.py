"""Reads what a store has kept: of another version, or damaged, it is done without."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from gitagent.errors import NoDatabase

if TYPE_CHECKING:
    import msgspec

T = TypeVar("T")

VERSION = 1
"""Of the way in which documents are made; stored ones of another version are made anew."""


def decoded(decoder: msgspec.msgpack.Decoder[T], data: bytes) -> T:
    """What was encoded; NoDatabase where it is something else."""
    import msgspec

    try:
        return decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise NoDatabase(
            "What the index keeps cannot be read.",
            hint="`git agent index --rebuild` makes it anew.",
        ) from error
