"""The process that makes facts for another: blobs come in on stdin, facts go out on stdout.

Frames of MessagePack, each behind its length in four bytes. A grammar is C that reads what
strangers wrote: where it ends its process, it is this one, and the one that asked goes on. It
ends by itself when its stdin does, so also when the one that asked is killed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import IO

import gitagent.index.facts as facts

LENGTH_BYTES = 4

Blobs = Sequence[tuple[str, bytes]]
"""Language and content of each."""


def main() -> None:
    serve(sys.stdin.buffer, sys.stdout.buffer)


def serve(asked: IO[bytes], told: IO[bytes]) -> None:
    import msgspec

    decoder = msgspec.msgpack.Decoder(list[tuple[str, bytes]])
    while (frame := received(asked)) is not None:
        made = [facts.encode(facts.facts_of(*blob)) for blob in decoder.decode(frame)]
        send(told, msgspec.msgpack.encode(made))


def send(pipe: IO[bytes], frame: bytes) -> None:
    pipe.write(len(frame).to_bytes(LENGTH_BYTES, "little"))
    pipe.write(frame)
    pipe.flush()


def received(pipe: IO[bytes]) -> bytes | None:
    """The next frame; None where the other side is gone, be it in the middle of one."""
    head = pipe.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    length = int.from_bytes(head, "little")
    frame = pipe.read(length)
    return frame if len(frame) == length else None


if __name__ == "__main__":
    main()
