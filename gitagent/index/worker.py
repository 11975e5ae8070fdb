"""The process that reads blobs for another: they come in on stdin, documents go out on stdout.

Frames of MessagePack, each behind its length in four bytes. A grammar is C that reads what
strangers wrote: where it ends its process, it is this one, and the one that asked goes on. It
ends by itself when its stdin does, so also when the one that asked is killed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import IO

from gitagent.index.document import Document, document

LENGTH_BYTES = 4

Blobs = Sequence[tuple[str, str, bytes]]
"""Id, language and content of each."""


def main() -> None:
    serve(sys.stdin.buffer, sys.stdout.buffer)


def serve(asked: IO[bytes], told: IO[bytes]) -> None:
    import msgspec

    decoder = msgspec.msgpack.Decoder(list[tuple[str, str, bytes]])
    while (frame := received(asked)) is not None:
        send(told, msgspec.msgpack.encode([document(*blob) for blob in decoder.decode(frame)]))


def documents(frame: bytes) -> list[Document]:
    """What a worker has told."""
    import msgspec

    return msgspec.msgpack.decode(frame, type=list[Document])


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
